"""Requests, log lines and events that a night, a turn of the queue and an idle worker send to Prefect, counted.

    escore prefect local --exit
    python -m benchmarks.prefect_requests --range-sizes 1000 100 --as-of 2025-12-31

A proxy that counts stands between a worker (with all that it starts) and the server in force. Prefect Cloud counts a
minute's requests to its API, and a minute's log lines and events, which come many to a request; so does this. From two
sizes follow the parts that a run has once and that each task adds; from them, a country's night, whose steps have
``flows.run_plan.MAX_TASKS`` tasks at most.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from urllib.parse import urlsplit

import httpx

from contracts.settings import PREFIX, load_settings
from flows.run_plan import MAX_TASKS, group_ranges

COUNTRY = 220_000_000
COUNTRY_RANGE = 10_000
NIGHT = "score-clients/night"
QUEUE = "erase-requested/erasures"
IDLE_SECONDS = 60.0
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass
class Traffic:
    """What went to the server: instants of requests, log lines and events, and requests by path."""

    requests: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    paths: Counter[str] = field(default_factory=Counter)

    def note(self, method: str, path: str, body: bytes) -> None:
        """Count a request; a batch of log lines or events counts by its members."""
        now = time.time()
        plain = path.partition("?")[0].removeprefix("/api")
        if method == "POST" and plain.rstrip("/") in {"/logs", "/events"}:
            self.told += [now] * len(json.loads(body))
            return
        self.requests.append(now)
        self.paths[f"{method} {_without_ids(plain)}"] += 1

    def note_event(self) -> None:
        """Count an event that came over a web socket."""
        self.told.append(time.time())


def busiest_minute(instants: list[float]) -> int:
    """Return the most instants in any 60 s.

    >>> busiest_minute([0.0, 1.0, 59.0, 61.5, 200.0])
    3
    """
    most = first = 0
    ordered = sorted(instants)
    for last, instant in enumerate(ordered):
        while instant - ordered[first] >= 60:
            first += 1
        most = max(most, last - first + 1)
    return most


class CountingProxy:
    """An HTTP/1.1 proxy on loopback, web sockets included, that counts what it hands on."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self.traffic = Traffic()
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, onward = await asyncio.open_connection(self._host, self._port, limit=1 << 24)
        back = asyncio.create_task(_pump(upstream, writer))
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while not (socket := await self._hand_on(reader, onward)):
                pass
            await self._hand_on_frames(reader, onward, are_events=socket.endswith("/events/in"))
        onward.close()
        await back

    async def _hand_on(self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> str:
        """Hand one request on; return the path of a web socket if the connection is one from now on."""
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        onward.write(head + body)
        await onward.drain()
        method, path, _ = lines[0].split(" ")
        if headers.get("upgrade", "").lower() == "websocket":
            self.traffic.requests.append(time.time())
            self.traffic.paths[f"WEBSOCKET {path.removeprefix('/api')}"] += 1
            return path
        self.traffic.note(method, path, body)
        return ""

    async def _hand_on_frames(
        self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter, *, are_events: bool
    ) -> None:
        while True:
            head = await reader.readexactly(2)
            size = head[1] & 0x7F
            more = await reader.readexactly({126: 2, 127: 8}.get(size, 0))
            length = int.from_bytes(more) if more else size
            rest = await reader.readexactly((4 if head[1] & 0x80 else 0) + length)
            onward.write(head + more + rest)
            await onward.drain()
            if are_events and head[0] & 0x0F in (1, 2) and length > 100:  # a message, and no greeting
                self.traffic.note_event()


@dataclass
class Counted:
    """One measurement: tasks of its ranges, seconds, requests, lines and events, the busiest minute of each."""

    what: str
    tasks: int
    seconds: float
    requests: int
    told: int
    requests_minute: int
    told_minute: int

    def row(self) -> str:
        """Return a row of the table."""
        return (
            f"| {self.what} | {self.tasks or ''} | {self.seconds:.0f} | {self.requests:,} | {self.told:,} "
            f"| {self.requests_minute:,} | {self.told_minute:,} |"
        )


class Bench:
    """A worker behind the proxy, and runs that it is given."""

    def __init__(self, api: str) -> None:
        self.proxy = CountingProxy(api)
        self._api = httpx.Client(base_url=api, timeout=60)

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Run a worker that knows the proxy alone."""
        own = {"PREFECT_API_URL": f"http://127.0.0.1:{self.proxy.port}/api", "PREFECT_LOGGING_LEVEL": "INFO"}
        environment = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)} | own
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "escore", "--name", "contado"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)

    def count_run(self, name: str, what: str, tasks: int, **body: object) -> Counted:
        """Start a run of a deployment and count until it has ended."""
        traffic = self.proxy.traffic = Traffic()
        found = self._ask("GET", f"/deployments/name/{name}")
        made = self._ask("POST", f"/deployments/{found['id']}/create_flow_run", body)
        began = time.time()
        while (run := self._ask("GET", f"/flow_runs/{made['id']}"))["state_type"] not in _ENDED:
            time.sleep(1)
        if run["state_type"] != "COMPLETED":
            raise SystemExit(f"{what}: {run['state']}")
        time.sleep(5)  # what the run's process still has to tell
        return _counted(what, tasks, time.time() - began, traffic)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask the server past the proxy; one that is busy, again."""
        while (answer := self._api.request(method, path, json=body)).status_code == httpx.codes.SERVICE_UNAVAILABLE:
            time.sleep(1)
        return answer.raise_for_status().json()

    def count_idle(self) -> Counted:
        """Count what a worker without work asks."""
        traffic = self.proxy.traffic = Traffic()
        time.sleep(IDLE_SECONDS)
        return _counted("a worker without work", 0, IDLE_SECONDS, traffic)


def country(small: Counted, large: Counted) -> tuple[int, int, int]:
    """Return tasks, requests, and lines and events of a country's night, by the line through two sizes."""
    tasks = len(group_ranges(ceil(COUNTRY / COUNTRY_RANGE), max_tasks=MAX_TASKS))
    steps = large.tasks - small.tasks
    each = [(getattr(large, name) - getattr(small, name)) / steps for name in ("requests", "told")]
    once = [
        getattr(small, name) - each_one * small.tasks for name, each_one in zip(("requests", "told"), each, strict=True)
    ]
    requests, told = (ceil(first + per_task * tasks) for first, per_task in zip(once, each, strict=True))
    return tasks, requests, told


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--range-sizes", type=int, nargs=2, default=[1_000, 100])
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--as-of")
    options = parser.parse_args()
    bench = Bench(str(load_settings().prefect_api_url))
    parameters = {"as_of": options.as_of} if options.as_of else {}
    with bench.worker():
        counted = []
        for size in options.range_sizes:
            tasks = len(group_ranges(ceil(options.clients / size)))
            variables = {"env": {f"{PREFIX}RANGE_SIZE": str(size)}}
            night = bench.count_run(
                NIGHT, "a night", tasks, parameters=parameters | {"fresh": True}, job_variables=variables
            )
            counted.append(night)
            print(night.row(), dict(bench.proxy.traffic.paths.most_common(12)), flush=True)
        counted += [bench.count_run(QUEUE, "a turn of the queue, nobody waiting", 0), bench.count_idle()]
    print("| what | tasks of ranges | seconds | requests | lines, events | requests, busiest minute | lines, events |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(one.row() for one in counted))
    print("a country's night: {} tasks, {:,} requests, {:,} lines and events".format(*country(*counted[:2])))


def _counted(what: str, tasks: int, seconds: float, traffic: Traffic) -> Counted:
    asked, told = traffic.requests, traffic.told
    return Counted(what, tasks, seconds, len(asked), len(told), busiest_minute(asked), busiest_minute(told))


def _without_ids(path: str) -> str:
    return "/".join("{id}" if len(part) == 36 and part.count("-") == 4 else part for part in path.split("/"))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    main()
