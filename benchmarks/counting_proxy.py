"""A proxy that counts what goes to a Prefect server, as Prefect Cloud counts it.

A minute's requests to the API are one count, a minute's log lines and events another: those come many to a request, or
over a web socket, and are counted one by one.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Traffic:
    """What went to the server: instants of requests, log lines and events; how many of each kind; the largest body."""

    requests: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    paths: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    largest: int = 0

    def note(self, method: str, path: str, body: bytes) -> None:
        """Count a request; a batch of log lines or events counts by its members."""
        now = time.time()
        self.largest = max(self.largest, len(body))
        plain = path.partition("?")[0].removeprefix("/api")
        if method == "POST" and plain.rstrip("/") in {"/logs", "/events"}:
            members = json.loads(body)
            self.told += [now] * len(members)
            self.kinds.update(str(one.get("event", "log line")) for one in members)
            return
        self.requests.append(now)
        self.paths[f"{method} {_without_ids(plain)}"] += 1

    def note_message(self, message: bytes) -> None:
        """Count what came over the web socket of events, if it is one: a greeting is none."""
        event = json.loads(message).get("event")
        if event is not None:
            self.told.append(time.time())
            self.kinds[event] += 1

    def asked(self, *beginnings: str) -> int:
        """Return how many requests were of kinds that begin so."""
        return sum(number for path, number in self.paths.items() if path.startswith(beginnings))


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
        onward.write(_without_compression(head) + body)
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
            mask = await reader.readexactly(4 if head[1] & 0x80 else 0)
            masked = await reader.readexactly(length)
            onward.write(head + more + mask + masked)
            await onward.drain()
            if are_events and head[0] & 0x0F in (1, 2):
                self.traffic.note_message(_unmasked(masked, mask))


def _without_compression(head: bytes) -> bytes:
    """Return a request's head without the offer to compress a web socket's messages, which could not be read then."""
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"sec-websocket-extensions:"))


def _unmasked(masked: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked)) if mask else masked


def _without_ids(path: str) -> str:
    return "/".join("{id}" if len(part) == 36 and part.count("-") == 4 else part for part in path.split("/"))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
