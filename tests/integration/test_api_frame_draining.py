"""A process that is told to end loses nothing: every request that was sent is answered whole, or was never taken."""

from __future__ import annotations

import signal
import socket
import threading
import time
from dataclasses import dataclass, field

import httpx
import pytest

from serve.api.listeners import open_sockets
from serve.api.server import SHUTDOWN_SECONDS
from tests.frame_app import RawConnection, connection
from tests.frame_process import FrameProcess, frame_process

ROUNDS = 10
CALLERS = 8


@dataclass
class Tally:
    """What callers met."""

    answered: int = 0
    refused: int = 0
    reconnected: int = 0
    lost: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def call_steadily(url: str, tally: Tally, *, path: bytes) -> None:
    """Ask until the server refuses connections; connect anew when an answer says that it was the last."""
    request = b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    while True:
        try:
            wire = RawConnection(url, timeout=15)
        except (ConnectionRefusedError, TimeoutError):
            with tally.lock:
                tally.refused += 1
            return
        try:
            ask_until_told(wire, request, tally)
        except (OSError, AssertionError) as error:
            with tally.lock:
                tally.lost.append(repr(error))
            return
        finally:
            wire.close()


def ask_until_told(wire: RawConnection, request: bytes, tally: Tally) -> None:
    while True:
        wire.send(request)
        answer = wire.read()
        assert answer is not None, "the connection ended without an answer"
        assert answer.status == 200, answer
        with tally.lock:
            tally.answered += 1
        if answer.headers.get("connection") == "close":
            with tally.lock:
                tally.reconnected += 1
            return


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_no_request_is_lost_when_the_process_is_told_to_end_under_load(tmp_path, round_number):
    """With and without a wait for load balancers; short requests, and ones in flight when the socket closes."""
    drain_seconds = 0.3 if round_number % 2 else 0.0
    with frame_process(tmp_path / "log", drain_seconds=drain_seconds) as server:
        tally = Tally()
        paths = [b"/eco/1", b"/espera/30"]
        callers = [
            threading.Thread(target=call_steadily, args=(server.url, tally), kwargs={"path": paths[number % 2]})
            for number in range(CALLERS)
        ]
        for caller in callers:
            caller.start()
        time.sleep(0.3 + round_number * 0.017)
        before = tally.answered
        assert server.stop() == 0
        for caller in callers:
            caller.join(20)
    assert not tally.lost
    assert tally.refused == CALLERS
    assert tally.answered > before > 0
    assert "hooks have run" in server.log.read_text()


def test_a_process_that_ends_says_so_while_it_still_serves(tmp_path):
    with frame_process(tmp_path / "log", drain_seconds=1.5) as server, httpx.Client(base_url=server.url) as client:
        assert client.get("/saude/pronto").json()["situacao"] == "pronto"
        told = time.monotonic()
        server.send(signal.SIGTERM)
        time.sleep(0.1)
        ready = client.get("/saude/pronto")
        assert (ready.status_code, ready.json()["situacao"]) == (503, "encerrando")
        assert ready.headers["connection"] == "close"
        served = httpx.get(f"{server.url}/eco/1")
        assert (served.status_code, served.headers["connection"]) == (200, "close")
        assert server.wait() == 0
        assert 1.4 < time.monotonic() - told < 4
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/eco/1")


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
def test_one_who_presses_does_not_wait_for_load_balancers(tmp_path, signals):
    with frame_process(tmp_path / "log", drain_seconds=60) as server:
        for sign in signals:
            server.send(sign)
            time.sleep(0.1)
        assert server.wait() == 0


def test_a_request_in_flight_ends_and_an_idle_connection_does_not_hold_the_process(tmp_path):
    with frame_process(tmp_path / "log") as server, connection(server.url) as busy, connection(server.url) as idle:
        idle.send(b"GET /eco/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.read() is not None
        busy.send(b"GET /espera/800 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        started = time.monotonic()
        server.send(signal.SIGTERM)
        assert idle.read() is None
        answer = busy.read()
        assert answer is not None
        assert answer.json() == {"esperados": 800}
        assert server.wait() == 0
        assert time.monotonic() - started < SHUTDOWN_SECONDS / 2


def test_connections_in_the_backlog_are_served(tmp_path):
    """The process is stopped while they come, so that they wait in the system's queue when it is told to end."""
    with frame_process(tmp_path / "log") as server:
        server.send(signal.SIGSTOP)
        wires = [RawConnection(server.url) for _ in range(40)]
        for wire in wires[::2]:
            wire.send(b"GET /eco/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        server.send(signal.SIGTERM)
        server.send(signal.SIGCONT)
        time.sleep(0.3)  # the socket is closed by now; connections that were accepted may still ask
        for wire in wires[1::2]:
            wire.send(b"GET /eco/2 HTTP/1.1\r\nHost: a\r\n\r\n")
        answers = [wire.read() for wire in wires]
        assert server.wait() == 0
    for wire in wires:
        wire.close()
    assert [answer.status for answer in answers if answer is not None] == [200] * 40


def test_processes_that_share_a_port_hand_over_without_a_refusal(tmp_path):
    """A new process beside the old one, then the old one ends: callers meet neither a refusal nor a loss."""
    (reserved,) = open_sockets("127.0.0.1", 0, reuse_port=True)
    port = reserved.getsockname()[1]
    old = FrameProcess(tmp_path / "old", port=port, drain_seconds=0.2, reuse_port=True)
    reserved.close()
    new = None
    try:
        old.wait_until_it_answers()
        tally = Tally()
        callers = [
            threading.Thread(target=call_steadily, args=(old.url, tally), kwargs={"path": b"/eco/1"})
            for _ in range(CALLERS)
        ]
        for caller in callers:
            caller.start()
        new = FrameProcess(tmp_path / "new", port=port, drain_seconds=0.0, reuse_port=True)
        while "Uvicorn running" not in new.log.read_text():
            time.sleep(0.02)
        assert old.stop() == 0
        time.sleep(0.3)
        between = tally.answered
        time.sleep(0.3)
        assert tally.answered > between
        assert (tally.lost, tally.refused) == ([], 0)
        assert new.stop() == 0
        for caller in callers:
            caller.join(20)
        assert not tally.lost
    finally:
        for one in (old, new):
            if one is not None:
                one.kill()


def test_a_taken_port_is_not_shared_unasked(tmp_path):
    with frame_process(tmp_path / "log") as server, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", int(server.url.rsplit(":", 1)[1])))
