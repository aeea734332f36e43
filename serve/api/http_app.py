"""What every application of the module shares: problems, request records, health, metrics and the API's document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse

from serve.access.tokens import SCOPES
from serve.api.api_page import CONTENT_SECURITY_POLICY, render_page
from serve.api.metrics import Metrics
from serve.api.problems import install_problems
from serve.api.request_record import RequestRecord

VERSION = "0.1.0"
_DESCRIPTION = (
    "Dados e score de crédito de consumidores. Todo acesso a dados pessoais pede um token com o escopo do endereço e "
    "uma finalidade (no token ou em X-Finalidade), e fica registrado. Escopos: "
    + "; ".join(f"{name}: {text}" for name, text in SCOPES.items())
    + "."
)
Close = Callable[[], Awaitable[None]]


def assemble(
    title: str,
    routers: Sequence[APIRouter],
    *,
    metrics: Metrics,
    close: Close,
) -> FastAPI:
    """Return an application of the given routes; ``close`` is awaited when it ends."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await close()

    app = FastAPI(
        title=title,
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    for router in routers:
        app.router.routes.extend(router.routes)  # as they are: include_router matches each request twice
    _add_page(app)
    install_problems(app)
    app.add_middleware(RequestRecord, metrics=metrics)
    return app


def _add_page(app: FastAPI) -> None:
    async def show_page() -> HTMLResponse:
        return HTMLResponse(render_page(app.openapi()), headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})

    app.add_api_route("/docs", show_page, methods=["GET"], include_in_schema=False)
