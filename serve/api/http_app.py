"""What every application of the module shares: problems, the frame of requests, and the API's document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.api.api_page import page_routes
from serve.api.cross_origin import CrossOrigin, Preflights
from serve.api.deprecations import DEPRECATED, Deprecation, Deprecations, tell
from serve.api.direct_route import DirectRoute, DirectRoutes
from serve.api.limits import BODY_BYTES
from serve.api.log_lines import LogFormat, RequestLines
from serve.api.metrics import Metrics
from serve.api.openapi_document import complete_document, document_route
from serve.api.problem_pages import problem_routes
from serve.api.problems import install_problems
from serve.api.request_record import RequestRecord
from serve.api.tracing import make_tracer
from serve.api.version import VERSION

Hook = Callable[[], Awaitable[None]]
_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own spans and measures hold paths, hence CPFs; an environment variable alone would switch them on."""


async def _nothing() -> None:
    return None


def assemble(  # noqa: PLR0913 - what an application is made of, each by its name
    title: str,
    routers: Sequence[APIRouter],
    *,
    metrics: Metrics,
    pages: Sequence[Route] = (),
    origins: Sequence[str] = (),
    open: Hook = _nothing,  # noqa: A002 - the pair of close
    close: Hook,
    log_format: LogFormat = "json",
    otlp_endpoint: str | None = None,
    body_bytes: int = BODY_BYTES,
    deprecated: Mapping[str, Deprecation] = DEPRECATED,
) -> FastAPI:
    """Return an application of the given routes and pages; ``open`` is awaited when it begins, ``close`` when it ends.

    Pages of ``origins`` may read the answers. ``body_bytes`` is the longest body that any route reads. ``deprecated``
    names operations that are to go. SettingsError if traces are to be sent to ``otlp_endpoint`` and cannot be.
    """
    tracer = make_tracer(otlp_endpoint)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await open()
        try:
            yield
        finally:
            await close()
            if tracer is not None:
                await asyncio.to_thread(tracer.close)

    def frame(app: ASGIApp, plain_routes: dict[Any, str]) -> ASGIApp:
        framed = RequestRecord(
            Preflights(app, origins) if origins else app,
            metrics=metrics,
            lines=RequestLines(log_format),
            tracer=tracer,
            body_bytes=body_bytes,
            plain_routes=plain_routes,
        )
        return CrossOrigin(framed, origins) if origins else framed

    app = _Application(
        title=title,
        version=VERSION,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=_NO_TELEMETRY,
    )
    app.frame = frame
    app.deprecated = deprecated
    for router in routers:
        app.router.routes.extend(router.routes)  # as they are: include_router matches each request twice
    app.router.routes.extend([*page_routes(title), *problem_routes(), *pages, document_route(app)])
    install_problems(app)
    return app


class _Application(FastAPI):
    """FastAPI inside the frame, with its direct routes before its own layers."""

    frame: Callable[[ASGIApp, dict[Any, str]], ASGIApp]
    deprecated: Mapping[str, Deprecation]

    def build_middleware_stack(self) -> ASGIApp:
        """Return the layers, from the outermost."""
        inner = super().build_middleware_stack()
        routes = [route for route in self.routes if isinstance(route, DirectRoute)]
        handlers = {kind: handler for kind, handler in self.exception_handlers.items() if kind is not Exception}
        plain_routes = {route.endpoint: route.path for route in self.routes if isinstance(route, Route)}
        answering: ASGIApp = DirectRoutes(inner, routes=routes, handlers=handlers)
        if self.deprecated:
            answering = Deprecations(answering, self.deprecated)
        return self.frame(answering, plain_routes)

    def openapi(self) -> dict[str, Any]:
        """Return the API's document, complete."""
        if self.openapi_schema is None:
            self.openapi_schema = complete_document(super().openapi())
            tell(self.openapi_schema, self.deprecated)
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request without FastAPI's look at its telemetry, which is off."""
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        scope["app"] = self
        await self.middleware_stack(scope, receive, send)
