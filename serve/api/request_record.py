"""One log line and one count a request: identifier, method, route template, status, time; never path or query."""

from __future__ import annotations

import logging
import time
from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.api.metrics import Metrics

LOGGER = logging.getLogger("escore.api")
UNMATCHED = "(nenhuma)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def route_template(scope: MutableMapping[str, Any]) -> str:
    """Return the template of the route that matched, such as ``/clientes/{cliente_id}/score``."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else UNMATCHED


class RequestRecord:
    """ASGI middleware that names each request and records how it ended."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add ``X-Request-ID`` to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = str(uuid4())
        scope.setdefault("state", {})["request_id"] = identifier
        started = time.perf_counter()
        status = 500

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", identifier.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        finally:
            self._finish(scope, identifier, status=status, seconds=time.perf_counter() - started)

    def _finish(self, scope: Scope, identifier: str, *, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OUTRO"
        route = route_template(scope)
        self._metrics.count_request(method, route, status=status, seconds=seconds)
        LOGGER.info("%s %s %s %d %.1f ms", identifier, method, route, status, seconds * 1000)
