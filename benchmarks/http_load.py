"""An HTTP load generator on raw sockets (uvloop, httptools), light enough to load one server process from beside it.

    python -m benchmarks.http_load http://127.0.0.1:8080/saude/vivo [--rate 500] [--connections 16] [--seconds 5]
    python -m benchmarks.http_load --ceiling      # what the generator itself can send

Closed loop (no rate): every connection asks again as soon as it is answered; this finds saturation. Open loop (a
rate): requests are planned at even instants, whatever the answers do, and a latency counts from the planned instant:
a server that stops for a second is seen by every request of that second ("coordinated omission" is not committed).

Benchmarks call ``send_load``, which runs the generator in a process of its own; the job goes through standard input,
so that no token shows on a command line.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import gc
import json
import multiprocessing
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import httptools
import uvloop

DRAIN_SECONDS = 10.0
"""How long the last answers are waited for; what has not come then counts as broken."""
RECONNECT_SECONDS = 0.01
PERCENTILES = (50.0, 95.0, 99.0, 99.9, 100.0)


@dataclass(frozen=True, slots=True)
class Call:
    """One request; ``expected`` must occur in its answer's body."""

    path: str
    expected: str = ""
    body: str | None = None

    def encode(self, host: str, headers: Mapping[str, str]) -> bytes:
        """Return the request as it goes over the wire."""
        body = b"" if self.body is None else self.body.encode()
        lines = [f"{'GET' if self.body is None else 'POST'} {self.path} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Job:
    """What to send: the calls in turn, over and over.

    ``rate`` (requests a second) makes an open loop; without it the loop is closed. ``count``, in a closed loop, ends
    the measurement after so many answers. ``tokens`` are bearer tokens that the calls take in turn.
    """

    host: str
    port: int
    calls: Sequence[Call]
    tokens: Sequence[str] = ()
    connections: int = 16
    warm_up: float = 1.0
    seconds: float = 5.0
    rate: float | None = None
    count: int | None = None
    status: int = 200

    def requests(self) -> list[tuple[bytes, bytes]]:
        """Return each call's bytes and what its answer must contain."""
        bearers = [{"Authorization": f"Bearer {token}"} for token in self.tokens] or [{}]
        host = f"{self.host}:{self.port}"
        return [
            (call.encode(host, bearers[number % len(bearers)]), call.expected.encode())
            for number, call in enumerate(self.calls)
        ]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the job that ``json.dumps(asdict(job))`` wrote."""
        body = json.loads(text)
        return cls(**{**body, "calls": [Call(**call) for call in body["calls"]]})


@dataclass(slots=True)
class Outcome:
    """What came back for the requests planned within the measured time; times in seconds."""

    seconds: float = 0.0
    total: int = 0
    """Whole answers, those of the warm-up too."""
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    """Answers with another status than expected, or without the text expected."""
    broken: int = 0
    """Requests that got no whole answer."""
    latencies: array.array[float] = field(default_factory=lambda: array.array("d"))
    lateness: array.array[float] = field(default_factory=lambda: array.array("d"))
    """Open loop: how much later than planned the generator sent, or queued, a request; within the latencies."""
    cpu: float = 0.0
    """CPU seconds of the generator itself."""

    def report(self) -> Report:
        """Return the figures."""
        return Report(
            total=self.total,
            answers=len(self.latencies),
            rate=len(self.latencies) / self.seconds,
            statuses={str(status): number for status, number in sorted(self.statuses.items())},
            wrong=self.wrong,
            broken=self.broken,
            latency_ms=_percentiles(self.latencies),
            lateness_ms=_percentiles(self.lateness),
            generator_cpu=self.cpu / self.seconds,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one load; percentiles by their name, such as ``p99.9``; ``total`` counts the warm-up too."""

    total: int
    answers: int
    rate: float
    statuses: dict[str, int]
    wrong: int
    broken: int
    latency_ms: dict[str, float]
    lateness_ms: dict[str, float]
    generator_cpu: float

    @property
    def is_clean(self) -> bool:
        """Return whether every request was answered, and as expected."""
        return self.answers > 0 and not (self.wrong or self.broken)


def send_load(job: Job) -> Report:
    """Run a job in a process of its own and return what came back."""
    command = [sys.executable, "-m", "benchmarks.http_load", "--job"]
    done = subprocess.run(command, input=json.dumps(asdict(job)), check=True, stdout=subprocess.PIPE, text=True)
    return Report(**json.loads(done.stdout))


class _Connection(asyncio.Protocol):
    """One connection of a lane: parses what comes back, whatever the headers' case and the body's encoding."""

    def __init__(self, lane: _Lane) -> None:
        self._lane = lane
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._lane.go_on(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._lane.forget(self)

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        is_kept = self._parser.should_keep_alive()
        if not is_kept:
            self.transport.close()
        self._lane.take(self, self._parser.get_status_code(), body, is_kept=is_kept)


class _Lane:
    """One client: at most one request at a time on its connection, which it opens again when the server closes it."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._connection: _Connection | None = None
        self._request = self._expected = b""
        self._planned = 0.0
        self._waits = False

    def begin(self, planned: float) -> None:
        """Send the next request; its latency counts from ``planned``."""
        self._planned, self._waits = planned, True
        self._request, self._expected = self._load.next_request()
        if self._connection is None:
            self._load.start(self._connect())
        else:
            self._connection.transport.write(self._request)

    def go_on(self, connection: _Connection) -> None:
        """Send the request that waited for its connection."""
        self._connection = connection
        connection.transport.write(self._request)

    def take(self, connection: _Connection, status: int, body: bytes, *, is_kept: bool) -> None:
        """Hand a whole answer in."""
        if connection is not self._connection or not self._waits:
            return
        if not is_kept:
            self._connection = None
        self._waits = False
        self._load.take(self, self._planned, status, is_expected=self._expected in body)

    def forget(self, connection: _Connection) -> None:
        """Give a connection up that has ended; an answer that was awaited on it is broken."""
        if connection is self._connection:
            self._connection = None
            self._break()

    def close(self) -> None:
        """End the lane."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def _connect(self) -> None:
        job = self._load.job
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Connection(self), job.host, job.port)
        except OSError:
            await asyncio.sleep(RECONNECT_SECONDS)
            self._break()

    def _break(self) -> None:
        if self._waits:
            self._waits = False
            self._load.lose(self, self._planned)


class _Load:
    """Plans the requests of one job, gives them to lanes, and keeps what came back."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._requests = job.requests()
        self._next = 0
        self._outcome = Outcome()
        self._idle: deque[_Lane] = deque()
        self._due: deque[float] = deque()
        self._open = 0
        self._ended = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._from = self._until = 0.0

    def next_request(self) -> tuple[bytes, bytes]:
        number = self._next
        self._next = number + 1 if number + 1 < len(self._requests) else 0
        return self._requests[number]

    def start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def take(self, lane: _Lane, planned: float, status: int, *, is_expected: bool) -> None:
        self._outcome.total += 1
        if self._from <= planned < self._until:
            outcome = self._outcome
            outcome.latencies.append(time.perf_counter() - planned)
            outcome.statuses[status] += 1
            if status != self.job.status or not is_expected:
                outcome.wrong += 1
            if self.job.count is not None and len(outcome.latencies) >= self.job.count:
                self._until = time.perf_counter()
        self._free(lane)

    def lose(self, lane: _Lane, planned: float) -> None:
        self._outcome.broken += self._from <= planned < self._until
        self._free(lane)

    def _free(self, lane: _Lane) -> None:
        self._open -= 1
        if self.job.rate is None:
            now = time.perf_counter()
            if now < self._until:
                self._begin(lane, now)
        elif self._due:
            self._begin(lane, self._due.popleft())
        else:
            self._idle.append(lane)

    def _begin(self, lane: _Lane, planned: float) -> None:
        self._open += 1
        lane.begin(planned)

    def _fall_due(self, planned: float) -> None:
        if self._from <= planned:
            self._outcome.lateness.append(time.perf_counter() - planned)
        if self._idle:
            self._begin(self._idle.popleft(), planned)
        else:
            self._due.append(planned)

    def _pace(self, loop: asyncio.AbstractEventLoop, started: float, step: float) -> None:
        """Wake the loop at each planned instant: the loop's own timers know whole milliseconds alone."""
        number, planned = 0, started
        while planned < self._until and not self._ended:
            delay = planned - time.perf_counter()
            if delay > 0:
                time.sleep(delay)
            loop.call_soon_threadsafe(self._fall_due, planned)
            number += 1
            planned = started + number * step

    async def run(self) -> Outcome:
        job, loop = self.job, asyncio.get_running_loop()
        lanes = [_Lane(self) for _ in range(job.connections)]
        pacer: threading.Thread | None = None
        started = time.perf_counter()
        self._from = started + job.warm_up
        self._until = self._from + (job.seconds if job.count is None else 3600.0)
        if job.rate is None:
            for lane in lanes:
                self._begin(lane, started)
        else:
            self._idle.extend(lanes)
            pacer = threading.Thread(target=self._pace, args=(loop, started, 1 / job.rate), daemon=True)
            pacer.start()
        await asyncio.sleep(job.warm_up)
        cpu = time.process_time()
        while time.perf_counter() < self._until:
            await asyncio.sleep(min(0.05, max(0.0, self._until - time.perf_counter())))
        self._outcome.cpu = time.process_time() - cpu
        self._outcome.seconds = self._until - self._from
        if pacer is not None:
            await asyncio.to_thread(pacer.join)  # the last planned requests are the loop's only then
        await self._drain(lanes)
        return self._outcome

    async def _drain(self, lanes: Sequence[_Lane]) -> None:
        deadline = time.perf_counter() + DRAIN_SECONDS
        while (self._open or self._due) and time.perf_counter() < deadline:
            await asyncio.sleep(0.01)
        self._ended = True
        self._outcome.broken += sum(self._from <= planned < self._until for planned in self._due)
        self._due.clear()
        for lane in lanes:
            lane.close()
        await asyncio.gather(*self._tasks)


def run_job(job: Job) -> Report:
    """Run a job in this process."""
    load = _Load(job)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        return uvloop.run(load.run()).report()
    finally:
        gc.enable()
        gc.unfreeze()


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {f"p{share:g}": ordered[round(last * share / 100)] * 1e3 for share in PERCENTILES} if ordered else {}


class _Nothing(asyncio.Protocol):
    """A server that only says 200: what it can answer bounds what the generator can be seen to send."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = transport.write  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._write(self.ANSWER * data.count(b"\r\n\r\n"))


def _serve_nothing(listener: socket.socket) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Nothing, sock=listener)
        await server.serve_forever()

    uvloop.run(serve())


def measure_ceiling(*, seconds: float = 3.0, connections: int = 16) -> Report:
    """Return what the generator reaches against a server, in a process of its own, that does nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = multiprocessing.get_context("fork").Process(target=_serve_nothing, args=(listener,), daemon=True)
        server.start()
    try:
        return send_load(Job("127.0.0.1", port, [Call("/", "{}")], connections=connections, seconds=seconds))
    finally:
        server.terminate()
        server.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", help="http://host:port/path; asked over and over")
    parser.add_argument("--rate", type=float, help="requests a second (open loop); default: closed loop")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--ceiling", action="store_true", help="load a server that does nothing")
    parser.add_argument("--job", action="store_true", help="read a job as JSON from standard input")
    options = parser.parse_args()
    if options.job:
        report = run_job(Job.from_json(sys.stdin.read()))
    elif options.ceiling:
        report = measure_ceiling(seconds=options.seconds, connections=options.connections)
    elif options.url:
        parts = urlsplit(options.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        load = {name: getattr(options, name) for name in ("rate", "connections", "seconds")}
        report = run_job(Job(parts.hostname or "127.0.0.1", parts.port or 80, [Call(path)], **load))
    else:
        parser.error("a URL, --ceiling or --job is needed")
    print(json.dumps(asdict(report), indent=None if options.job else 2))


if __name__ == "__main__":
    main()
