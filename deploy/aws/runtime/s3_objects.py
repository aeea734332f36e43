"""Objects put into a locked bucket of S3 by one request each, with the digest that a lock asks for (Content-MD5).

Signed by AWS's Signature Version 4 with the credentials of an ECS task. Arrow's client, by which the lake is written,
leaves the digest out, and a bucket with a lock refuses its objects.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

CREDENTIALS = "http://169.254.170.2"
"""Where ECS gives a task the credentials of its role."""
SECONDS = 60
_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Credentials:
    """Keys of a role, for some hours."""

    key_id: str
    secret: str
    token: str


@dataclass(frozen=True)
class Place:
    """A bucket, reached by its own host name in its region."""

    bucket: str
    region: str

    @property
    def host(self) -> str:
        """Return the bucket's host name."""
        return f"{self.bucket}.s3.{self.region}.amazonaws.com"


def task_credentials(environment: Mapping[str, str]) -> Credentials:
    """Return the credentials of the task's role."""
    address = CREDENTIALS + environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 - ECS's own fixed address
        given = json.load(answer)
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])


def signed_headers(place: Place, key: str, *, credentials: Credentials, content: Path, now: datetime) -> dict[str, str]:
    """Return the headers of a PUT of a file; ``now`` is an instant in UTC."""
    with content.open("rb") as opened:
        payload = hashlib.file_digest(opened, "sha256").hexdigest()
    with content.open("rb") as opened:
        md5 = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).digest()
    headers = {
        "content-md5": base64.b64encode(md5).decode(),
        "host": place.host,
        "x-amz-content-sha256": payload,
        "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-security-token": credentials.token,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = "\n".join(["PUT", quote(f"/{key}"), "", lines, names, payload])
    scope = f"{now:%Y%m%d}/{place.region}/s3/aws4_request"
    text = "\n".join([_ALGORITHM, headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    signature = hmac.new(signing, text.encode(), "sha256").hexdigest()
    claim = f"Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": f"{_ALGORITHM} {claim}"}


def put_file(connection: http.client.HTTPConnection, key: str, content: Path, headers: Mapping[str, str]) -> None:
    """Put a file by signed headers; SystemExit tells the status if it was refused."""
    with content.open("rb") as opened:
        length = {"content-length": str(content.stat().st_size)}
        connection.request("PUT", quote(f"/{key}"), body=opened, headers={**headers, **length})
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.client.OK:
        raise SystemExit(f"S3 refused {key}: {answer.status} {answer.reason}")
