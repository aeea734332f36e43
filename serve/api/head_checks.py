"""What is wrong with a request before any route sees it: its form, its size, its target; each a problem of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

import httptools

from serve.api import problem_types as kinds
from serve.api.limits import Limits
from serve.api.problems import RETRY_AFTER_SECONDS, Problem

VERSIONS = frozenset({"1.0", "1.1"})
MALFORMED = Problem(kinds.MALFORMED_REQUEST)
BAD_TARGET = Problem(
    kinds.MALFORMED_REQUEST, "o endereço não é texto em UTF-8, ou tem caracteres que nenhum endereço tem"
)
LONG_TARGET = Problem(kinds.TARGET_TOO_LONG)
LARGE_HEAD = Problem(kinds.HEAD_TOO_LARGE)
SLOW_HEAD = Problem(kinds.SLOW_REQUEST)
SLOW_BODY = Problem(kinds.SLOW_REQUEST, "o corpo da requisição não chegou a tempo")
TOO_MANY = Problem(kinds.TOO_MANY_CONNECTIONS, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def judge_sizes(
    url: bytes, headers: Sequence[tuple[bytes, bytes]], limits: Limits, *, most_bytes: int
) -> Problem | None:
    """Return the limit that a whole head passes, None if none; it is counted only if ``most_bytes`` passes one."""
    if len(url) > limits.url_bytes:
        return LONG_TARGET
    if len(headers) > limits.fields:
        return LARGE_HEAD
    if most_bytes <= limits.head_bytes:
        return None
    exact = len(url) + sum(len(name) + len(value) + len(b": \r\n") for name, value in headers)
    return LARGE_HEAD if exact > limits.head_bytes else None


def set_target(scope: Any, url: bytes, root_path: str) -> Problem | None:
    """Put a request's path and query into its scope; return what is wrong with them, None if nothing is.

    >>> scope = {}
    >>> set_target(scope, b"http://host/cidade/S%C3%A3o?x=1", ""), scope["path"], scope["query_string"]
    (None, '/cidade/São', b'x=1')
    >>> set_target({}, b"/%ff", "").status
    400
    """
    try:
        target = httptools.parse_url(url)
        raw = target.path or b"/"
        path = raw.decode("ascii")
        if "%" in path:
            path = unquote_to_bytes(path).decode("utf-8")
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
        return BAD_TARGET
    if not path.startswith("/") or "\0" in path:
        return BAD_TARGET
    scope["path"] = root_path + path
    scope["raw_path"] = root_path.encode() + raw if root_path else raw
    scope["query_string"] = target.query or b""
    return None


def no_request(scheme: str, state: dict[str, Any]) -> Any:
    """Return the scope under which a problem is answered where there is no request that could be told."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": scheme,
        "root_path": "",
        "method": "",
        "path": "",
        "raw_path": b"",
        "query_string": b"",
        "headers": [],
        "state": state,
    }
