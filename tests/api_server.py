"""The real application on a real socket, in a thread of the test's process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import uvicorn
from fastapi import FastAPI

from contracts.settings import Settings
from serve.access.tokens import SCOPES, mint_token
from serve.api.run_server import LOG_CONFIG

PURPOSE = "concessao_de_credito"


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an application and yield its base URL."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, access_log=False, log_config=LOG_CONFIG, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 15
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        assert server.started
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
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
