"""A small application inside the HTTP frame, and raw sockets to talk to it: no store is needed to try the frame."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from serve.api import health
from serve.api.direct_route import add_direct_route
from serve.api.http_app import assemble
from serve.api.metrics import Metrics

CPF = "52998224725"


async def nothing() -> None:
    return None


def frame_app(**options: Any) -> FastAPI:  # noqa: C901 - a list of routes
    """Return an application of routes that echo, wait, hang, fail, stream and half-answer."""
    router = APIRouter(include_in_schema=False)

    @router.get("/eco/{cpf}")
    async def echo(cpf: str) -> dict[str, str]:
        return {"cpf": cpf}

    @router.post("/corpo")
    async def measure(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.post("/campos")
    async def tell_fields(request: Request) -> list[str]:
        await request.body()
        return [name.decode() for name, _ in request.scope["headers"]]

    @router.get("/espera/{milissegundos}")
    async def wait(milissegundos: int) -> dict[str, int]:
        await asyncio.sleep(milissegundos / 1000)
        return {"esperados": milissegundos}

    @router.get("/surdo/{milissegundos}")
    async def wait_deaf(milissegundos: int) -> dict[str, int]:
        event = asyncio.Event()
        await run_in_threadpool(asyncio.run, asyncio.sleep(milissegundos / 1000))
        event.set()
        return {"esperados": milissegundos}

    @router.get("/falha/{cpf}")
    async def fail(cpf: str) -> None:
        raise ValueError(f"cannot read {cpf}")

    @router.get("/esquecida/{cpf}")
    async def forget(cpf: str) -> dict[str, str]:
        async def fail_later() -> None:
            raise ValueError(f"cannot read {cpf}")

        asyncio.get_running_loop().create_task(fail_later())  # nobody waits for it: that is the trial
        asyncio.get_running_loop().call_soon(int, f"{cpf}x")
        threading.Thread(target=int, args=(f"{cpf}x",)).start()
        logging.getLogger("biblioteca").warning("read %s", cpf)
        logging.getLogger("biblioteca").error(f"read {cpf}")  # noqa: G004 - as some libraries do
        logging.getLogger("biblioteca").error("%d", cpf)
        warnings.warn(f"read {cpf}", stacklevel=1)
        return {}

    @router.get("/privada")
    async def keep() -> Response:
        return Response("x", headers={"Cache-Control": "private", "Content-Security-Policy": "default-src 'self'"})

    @router.get("/varias")
    @router.delete("/varias")
    async def several() -> dict[str, str]:
        return {}

    async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        raise ValueError(CPF)

    async def inject(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nc: d")]})
        await send({"type": "http.response.body", "body": b"abc"})

    add_direct_route(router, "/meia", half, declared=keep)
    add_direct_route(router, "/injetada", inject, declared=keep)
    metrics = Metrics()
    operation = health.make_router({}, metrics)
    return assemble("ensaio", [router, operation], **{"metrics": metrics, "close": nothing, **options})


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class RawConnection:
    """A connection that sends bytes as they are given, and reads answers one by one."""

    def __init__(self, url: str, *, timeout: float = 10) -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout)
        self._file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, *, bodyless: bool = False) -> RawAnswer | None:
        """Return the next whole answer, None at the connection's end."""
        line = self._file.readline()
        if not line:
            return None
        assert line.startswith(b"HTTP/1.1 "), line
        headers: dict[str, str] = {}
        while (field := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = field.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if bodyless else int(headers.get("content-length", 0))
        body = self._file.read(length)
        assert len(body) == length, "the answer is cut short"
        return RawAnswer(int(line.split()[1]), headers, body)

    def read_all(self) -> list[RawAnswer]:
        """Return the answers until the connection ends."""
        answers = []
        while (answer := self.read()) is not None:
            answers.append(answer)
        return answers

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@contextmanager
def connection(url: str) -> Iterator[RawConnection]:
    """Yield an open connection."""
    opened = RawConnection(url)
    try:
        yield opened
    finally:
        opened.close()
