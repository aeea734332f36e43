"""Routes that are declared to FastAPI for its document, and answered without its machinery for each request.

FastAPI's dependencies, validation and layers cost more than reading a cached score does
(docs/decisions/0008-http-framework-and-server.md). A direct route is an ASGI application that checks its few
inputs itself; what it raises is answered by the application's own handlers, as everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]


class DirectRoute(APIRoute):
    """A route whose declared function only describes it."""


def add_direct_route(
    router: APIRouter, path: str, answer: ASGIApp, *, declared: Callable[..., Any], **documented: Any
) -> None:
    """Add a route that ``answer`` serves; ``declared`` and the rest only describe it, as for ``add_api_route``.

    ``answer`` raises before it sends anything, or not at all.
    """
    router.add_api_route(path, declared, route_class_override=DirectRoute, **documented)
    route = router.routes[-1]
    assert isinstance(route, DirectRoute)
    route.app = answer


class DirectRoutes:
    """ASGI middleware that answers an application's direct routes, and passes everything else on."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[DirectRoute], handlers: Mapping[Any, Any]) -> None:
        self._app = app
        self._handlers = handlers
        self._routes = [(route.path_regex.match, route.methods or set(), route) for route in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request if one of the routes is its own."""
        if scope["type"] == "http":
            path, method = scope["path"], scope["method"]
            for match, methods, route in self._routes:
                found = match(path)
                if found is not None and method in methods:
                    scope["path_params"] = found.groupdict()
                    scope["route"] = route
                    await self._answer(route.app, scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _answer(self, answer: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await answer(scope, receive, send)
        except Exception as error:
            kinds = takewhile(lambda kind: kind is not Exception, type(error).__mro__)
            handler = next((self._handlers[kind] for kind in kinds if kind in self._handlers), None)
            if handler is None:
                raise
            response = await handler(Request(scope, receive), error)
            await response(scope, receive, send)


def header(scope: Scope, name: bytes) -> str | None:
    """Return a request header's text, several joined by commas (RFC 9110 §5.3); None if there is none."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1") if values else None


async def send_answer(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
