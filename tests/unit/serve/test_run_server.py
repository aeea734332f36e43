"""The server takes its address before it starts, and says in one line when it cannot."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from contracts.errors import SettingsError, UsageError
from contracts.settings import Settings
from serve.api.limits import Limits
from serve.api.listeners import open_sockets
from serve.api.run_server import serve
from serve.api.server import Server, ServerConfig
from serve.api.tracing import make_tracer

ROOT = Path(__file__).parents[3]


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


def test_a_port_is_shared_only_by_those_who_ask_for_it():
    (first,) = open_sockets("127.0.0.1", 0, reuse_port=True)
    port = first.getsockname()[1]
    (second,) = open_sockets("127.0.0.1", port, reuse_port=True)
    with first, second, pytest.raises(UsageError, match="already in use"):
        open_sockets("127.0.0.1", port)


def test_it_answers_where_it_says(capfd):
    (listener,) = open_sockets("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = Server(ServerConfig(FastAPI(), limits=Limits(), log_format="texto", lines_in_blocks=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 15
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    answer = httpx.get(f"http://127.0.0.1:{port}/openapi.json")
    server.should_exit = True
    thread.join(10)
    assert answer.status_code == 200
    log = capfd.readouterr().err
    said = f"Uvicorn running on http://127.0.0.1:{port} (Press CTRL+C to quit)"
    assert log.index("Application startup complete.") < log.index(said)


def test_the_time_of_a_request_follows_from_the_stores(settings):
    patient = settings.model_copy(update={"api_timeout_seconds": 4.0, "cache_timeout_seconds": 0.5})
    assert Limits.from_settings(patient).request_seconds == 5.25


def test_traces_without_their_packages_are_a_setting_that_is_wrong(monkeypatch):
    monkeypatch.setattr("serve.api.tracing._PACKAGES", ("opentelemetry.sdk.no_such_package",))
    assert make_tracer(None) is None
    with pytest.raises(SettingsError, match=r"SCORE_OTLP_ENDPOINT needs .*'\.\[telemetry\]'"):
        make_tracer("http://127.0.0.1:4318")


def test_the_tracing_of_opentelemetry_is_not_imported_unless_traces_are_asked_for():
    program = (
        "import sys; from serve.api.http_app import assemble; from serve.api.metrics import Metrics;"
        " assemble('x', [], metrics=Metrics(), close=None);"
        " names = ('opentelemetry.sdk.trace', 'opentelemetry.exporter');"
        " print([name for name in sys.modules if name.startswith(names)])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
