"""An S3-compatible store for the tests: moto's, behind a door that counts requests, fails some, and can be shut."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from unittest import mock

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEYS = {"AWS_ACCESS_KEY_ID": "chave-do-lago", "AWS_SECRET_ACCESS_KEY": "segredo-do-lago-0123456789"}
"""The keys as a machine's environment would hold them; the metadata service of a cloud's machine is not asked."""
BUSY = b"<Error><Code>SlowDown</Code><Message>reduce your request rate</Message></Error>"
StartResponse = Callable[..., Any]


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing of each request."""


@dataclass
class ObjectStore:
    """A running store: its address, what was asked of it, and how many requests it will still refuse as busy."""

    address: str
    requests: list[str] = field(default_factory=list)
    busy: int = 0
    on_request: Callable[[str, str], None] | None = None

    def lake(self, bucket: str, prefix: str = "lago", **options: str) -> str:
        """Return the root of a lake in a bucket, which is made if it is not there."""
        self.client().create_bucket(Bucket=bucket)
        return self.root(f"{bucket}/{prefix}", **options)

    def root(self, path: str, **options: str) -> str:
        """Return the root of a lake at bucket/prefix."""
        given = {"endpoint_override": self.address, "scheme": "http", "region": "sa-east-1"} | options
        return f"s3://{path}?" + "&".join(f"{name}={value}" for name, value in given.items())

    def client(self) -> Any:
        """Return a client of AWS's own library."""
        return boto3.client(
            "s3",
            endpoint_url=f"http://{self.address}",
            region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket, the empty marks of folders left out."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", []) if not entry["Key"].endswith("/")]


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Run a store on a free loopback port, with its keys in the environment; nothing of it stays."""
    moto = DomainDispatcherApplication(create_backend_app)
    store = ObjectStore("")

    def door(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        store.requests.append(f"{method} {path}")
        if store.on_request is not None:
            store.on_request(method, path)
        if store.busy > 0:
            store.busy -= 1
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("503 Slow Down", [("Content-Type", "application/xml"), ("Content-Length", str(len(BUSY)))])
            return [BUSY]
        answer: Iterable[bytes] = moto(environ, start_response)
        return answer

    server = make_server("127.0.0.1", 0, door, threaded=True, request_handler=_Quiet)
    store.address = f"127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with mock.patch.dict(os.environ, KEYS | {"AWS_EC2_METADATA_DISABLED": "true"}):
        yield store
    server.shutdown()
    server.server_close()
    thread.join()
