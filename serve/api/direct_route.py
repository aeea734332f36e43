"""Routes that are declared to FastAPI for its document, and answered without its machinery for each request.

FastAPI's dependencies and validation cost more than reading a cached score does
(docs/decisions/0008-http-framework-and-server.md); a direct route is an ASGI application that checks its few
inputs itself and answers by the same problems.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Scope, Send

Headers = list[tuple[bytes, bytes]]


def add_direct_route(
    router: APIRouter, path: str, answer: ASGIApp, *, declared: Callable[..., Any], **documented: Any
) -> None:
    """Add a route that ``answer`` serves; ``declared`` and the rest only describe it, as for ``add_api_route``."""
    router.add_api_route(path, declared, **documented)
    route = router.routes[-1]
    assert isinstance(route, APIRoute)
    route.app = answer


def header(scope: Scope, name: bytes) -> str | None:
    """Return a request header's text, several joined by commas (RFC 9110 §5.3); None if there is none."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1") if values else None


async def send_answer(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
