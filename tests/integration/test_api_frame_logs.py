"""What the process writes to its standard error: one line a request, and never what a caller sent."""

from __future__ import annotations

import json
import os
import signal
import time

import httpx
import pytest

from serve.api.line_writer import LineWriter
from tests.frame_app import CPF, connection
from tests.frame_process import frame_process

TOKEN = "eyJhbGciOiJIUzI1NiJ9.segredo"
SECRETS = (CPF, TOKEN, "Fulana", "banco-teste")


def provoke(url: str) -> int:
    """Send what could leave a trace; return how many requests that was."""
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Request-ID": CPF, "User-Agent": "banco-teste"}
    with httpx.Client(base_url=url, headers=headers) as client:
        answers = [
            client.get(f"/eco/{CPF}", params={"nome": "Fulana"}),
            client.get(f"/falha/{CPF}"),
            client.get(f"/esquecida/{CPF}"),
            client.get(f"/{CPF}"),
            client.request("PROPFIND", f"/eco/{CPF}"),
            client.post("/corpo", content=f"Fulana {CPF}" * 10_000),
        ]
    raw = [
        f"GET /{CPF}\0 HTTP/1.1\r\n\r\n",
        f"{CPF} Fulana\r\n\r\n",
        f"GET /eco/{CPF} HTTP/1.1\r\nHost: a\r\nNome: {'Fulana' * 4000}\r\n\r\n",
        f"GET /eco/{CPF} HTTP/1.1\r\nHost: a\r\nNome: Fulana",
        f"POST /corpo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{CPF}\r\n",
        f"GET /eco/{CPF} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: {CPF}\r\n\r\n",
        "GET /meia HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
    for text in raw:
        with connection(url) as wire:
            wire.send(text.encode())
            wire.socket.recv(10_000)
    return len(answers) + len(raw)


def test_no_path_query_token_or_body_is_in_any_line(tmp_path):
    with frame_process(tmp_path / "log") as server:
        provoked = provoke(server.url)
        assert server.stop() == 0
        log = server.log.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert lines[-1]["mensagem"] == "hooks have run, exit"
    for secret in SECRETS:
        assert secret not in log
    requests = [line for line in lines if line.get("evento") == "requisicao" and line["rota"] != "/saude/vivo"]
    assert len(requests) == provoked
    assert {"momento", "nivel", "metodo", "rota", "status", "requisicao_id", "ms"} < set(requests[0])
    assert {line["status"] for line in requests} >= {200, 400, 404, 405, 408, 413, 431, 500}
    told = {line["origem"] for line in lines if "origem" in line}
    assert {"escore.api", "escore.loop", "biblioteca", "py.warnings", "uvicorn.error"} <= told
    faults = [line for line in lines if line.get("excecao")]
    assert all(line["excecao"][0].endswith("(text withheld)") for line in faults)
    assert any("tests/frame_app.py" in place for line in faults for place in line["excecao"])
    forgotten = [line for line in lines if line.get("mensagem") == "Task exception was never retrieved"]
    assert len(forgotten) == 1


def test_lines_come_soon_and_all_before_the_end(tmp_path):
    with frame_process(tmp_path / "log") as server, httpx.Client(base_url=server.url) as client:
        client.get("/eco/1")
        time.sleep(0.5)
        assert '"rota":"/eco/{cpf}"' in server.log.read_text()
        for _ in range(50):
            client.get("/eco/1")
        assert server.stop(signal.SIGINT) == 0
        assert server.log.read_text().count('"rota":"/eco/{cpf}"') == 51


@pytest.fixture
def pipe():
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


def test_lines_are_written_in_order_in_blocks_and_an_urgent_one_at_once(pipe):
    read, write = pipe
    writer = LineWriter(write)
    writer.write("alone\n")
    assert os.read(read, 100) == b"alone\n"
    with writer.buffered():
        started = time.monotonic()
        writer.write("first\n")
        writer.write("second\n", urgent=True)
        assert os.read(read, 100) == b"first\nsecond\n"
        assert time.monotonic() - started < 0.09
        writer.write("third\n")
        writer.write("fourth\n")
    assert os.read(read, 100) == b"third\nfourth\n"


def test_one_who_does_not_read_the_log_holds_nothing_up(pipe):
    _, write = pipe
    writer = LineWriter(write)
    started = time.monotonic()
    with writer.buffered():
        for _ in range(150_000):
            writer.write("x" * 50 + "\n")
        assert time.monotonic() - started < 2
        kept = len(writer._lines)
    assert kept <= 100_000
    assert time.monotonic() - started < 4
