"""The real application on a real socket, in a thread of the test's process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
from starlette.types import ASGIApp

from contracts.settings import Settings
from serve.access.tokens import SCOPES, mint_token
from serve.api.limits import Limits
from serve.api.listeners import open_sockets
from serve.api.server import Server, ServerConfig

PURPOSE = "concessao_de_credito"


@contextmanager
def running(app: ASGIApp, *, limits: Limits | None = None) -> Iterator[str]:
    """Serve an application as it is served in earnest, and yield its base URL."""
    (listener,) = open_sockets("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = Server(ServerConfig(app, limits=limits or Limits(), log_format="texto", lines_in_blocks=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 15
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        assert server.started
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def token(settings: Settings, *scopes: str, finalidade: str | None = PURPOSE) -> str:
    return mint_token(
        settings.secret("jwt_secret"),
        subject="banco-teste",
        scopes=scopes or tuple(SCOPES),
        finalidade=finalidade,
        lifetime=timedelta(minutes=10),
    )


@contextmanager
def caller(url: str, settings: Settings, *scopes: str, finalidade: str | None = PURPOSE) -> Iterator[httpx.Client]:
    """Yield a client with a token of these scopes (all by default)."""
    headers = {"Authorization": f"Bearer {token(settings, *scopes, finalidade=finalidade)}"}
    with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
        yield client
