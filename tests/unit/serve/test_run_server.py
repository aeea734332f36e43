"""The server takes its address before it starts, and says in one line when it cannot."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from contracts.errors import UsageError
from contracts.settings import Settings
from serve.api.run_server import Server, open_sockets, serve


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def settings(tmp_path) -> Settings:
    relational = "postgresql+psycopg2://a:b@127.0.0.1:1/x"
    return Settings(
        var=tmp_path,
        base_a_url=relational,
        base_b_url=relational,
        results_url=relational,
        base_c_url="mongodb://127.0.0.1:1/x",
        redis_url="redis://127.0.0.1:1/0",
        cache_key="k" * 40,
        jwt_secret="j" * 40,
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_in_use_is_said_before_anything_starts(settings, taken_port, host, capfd):
    with pytest.raises(UsageError) as told:
        serve(settings, host=host, port=taken_port)
    assert str(told.value) == f"cannot listen on {host}, port {taken_port}: Address already in use"
    assert "startup" not in capfd.readouterr().err


@pytest.mark.parametrize("host", ["nao.existe.invalid", "a" * 70 + ".x", "192.0.2.1"])
def test_a_host_that_is_not_ours_is_said_so(host):
    with pytest.raises(UsageError, match="cannot listen on"):
        open_sockets(host, 0)


def test_it_answers_where_it_says(caplog):
    (listener,) = open_sockets("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = Server(uvicorn.Config(FastAPI(), log_config=None))
    with caplog.at_level(logging.INFO):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time.monotonic() + 15
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        answer = httpx.get(f"http://127.0.0.1:{port}/openapi.json")
        server.should_exit = True
        thread.join(10)
    assert answer.status_code == 200
    lines = [record.getMessage() for record in caplog.records if record.name == "uvicorn.error"]
    said = f"Uvicorn running on http://127.0.0.1:{port} (Press CTRL+C to quit)"
    assert lines.index("Application startup complete.") < lines.index(said)
