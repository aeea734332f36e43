"""The load generator counts right whatever form answers have, and hides neither failures nor a server's pauses."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import pytest

from benchmarks.http_load import Call, Job, run_job

CHUNKED = (
    b'HTTP/1.1 200 OK\r\ntRANSFER-encoding: Chunked\r\n\r\n4\r\n{"id\r\n5;x=y\r\n":1}\n\r\n0\r\nTrailer: a\r\n\r\n'
)
SIZED = b'HTTP/1.1 200 OK\r\ncontent-LENGTH:   9\r\nX: y\r\n\r\n{"id":1}\n'
CLOSING = b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{"id":1}\n'
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nhalf"

Answer = Callable[[bytes, int], bytes]
"""Given a request's bytes and its number from 0, what is sent back; an empty answer closes the connection."""


@contextmanager
def answering(answer: Answer, *, piece: int = 1 << 20, closes: bool = False) -> Iterator[int]:
    """Serve answers, ``piece`` bytes at a time, from a thread; yield the port."""
    numbers = iter(range(1 << 30))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                if b"Content-Length: " in request:
                    request += await reader.readexactly(int(request.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
                reply = answer(request, next(numbers))
                for start in range(0, len(reply), piece):
                    writer.write(reply[start : start + piece])
                    await writer.drain()
                    await asyncio.sleep(0)
                if closes or not reply:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(talk, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()


def job(port: int, **changes: object) -> Job:
    calls = [Call("/a", '"id":1')]
    return Job(
        **{"host": "127.0.0.1", "port": port, "calls": calls, "connections": 3, "warm_up": 0.1, "seconds": 0.3}
        | changes
    )


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize("reply", [CHUNKED, SIZED, CLOSING], ids=["chunked", "sized", "closing"])
def test_every_form_of_a_good_answer_counts_as_one(reply: bytes, piece: int):
    asked: list[int] = []

    def answer(_request: bytes, number: int) -> bytes:
        asked.append(number)
        return reply

    with answering(answer, piece=piece, closes=reply is CLOSING) as port:
        report = run_job(job(port))
    assert report.is_clean, report
    assert report.statuses == {"200": report.answers}
    assert 10 < report.answers < report.total == len(asked)


def test_calls_go_out_in_turn_with_their_tokens_and_bodies():
    seen: list[bytes] = []

    def answer(request: bytes, _number: int) -> bytes:
        seen.append(request)
        return SIZED

    calls = [Call("/a"), Call("/b", body='{"cpfs":[]}'), Call("/c")]
    with answering(answer) as port:
        run_job(job(port, calls=calls, tokens=["t1", "t2"], connections=1, count=6, warm_up=0.0))
    assert [request.split(b" HTTP")[0] for request in seen[:4]] == [b"GET /a", b"POST /b", b"GET /c", b"GET /a"]
    assert [request.split(b"Bearer ")[1][:2] for request in seen[:3]] == [b"t1", b"t2", b"t1"]
    assert seen[1].endswith(b'Content-Length: 11\r\n\r\n{"cpfs":[]}')


def test_a_wrong_status_or_body_is_told():
    replies = [SIZED, REFUSAL, SIZED.replace(b'"id":1', b'"id":2')]
    with answering(lambda _request, number: replies[number % 3]) as port:
        report = run_job(job(port, connections=1, count=9, warm_up=0.0))
    assert (report.answers, report.wrong, report.broken) == (9, 6, 0)
    assert report.statuses == {"200": 6, "503": 3}


def test_an_answer_cut_short_is_broken_and_the_next_one_counts():
    replies = [CUT, CLOSING, b"", b"no HTTP at all\r\n\r\n"]
    with answering(lambda _request, number: replies[number % 4], closes=True) as port:
        report = run_job(job(port, connections=1, count=5, warm_up=0.0))
    assert (report.answers, report.wrong, report.broken) == (5, 0, 13)


def test_a_server_that_is_not_there_is_no_server_without_failures():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    report = run_job(job(port))
    assert report.answers == 0
    assert report.broken > 3
    assert not report.is_clean


def test_at_a_constant_rate_a_pause_is_felt_by_every_request_planned_within_it():
    began = time.perf_counter()
    paused = threading.Event()

    def answer(_request: bytes, _number: int) -> bytes:
        if time.perf_counter() - began > 0.6 and not paused.is_set():
            paused.set()
            time.sleep(0.5)
        return SIZED

    with answering(answer) as port:
        report = run_job(job(port, rate=200.0, seconds=2.0))
    assert report.is_clean, report
    assert report.answers == pytest.approx(400, abs=2)
    # A quarter of the requests were planned within the pause; a closed loop would have shown three.
    assert report.latency_ms["p95"] > 300
    assert report.latency_ms["p50"] < 300


def test_requests_that_no_connection_was_free_for_are_counted_too():
    def answer(_request: bytes, _number: int) -> bytes:
        time.sleep(0.05)
        return SIZED

    with answering(answer) as port:
        report = run_job(job(port, connections=2, rate=100.0, seconds=0.5))
    assert report.answers == pytest.approx(50, abs=2)
    assert report.broken == 0
    assert report.latency_ms["p95"] > 1000


def test_a_job_crosses_to_another_process_whole():
    given = job(1, calls=[Call("/a", "é", '{"a":1}'), Call("/b")], tokens=["t"], rate=3.5)
    assert Job.from_json(json.dumps(asdict(given))) == given
