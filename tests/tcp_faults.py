"""A TCP proxy before a server whose faults can be switched while connections are open through it.

What a client sees of a store that hangs, is slow, resets or ends in the middle of a reply, without touching
the store. It runs in a thread of its own; `TcpFaults.apply` returns once the fault is in force.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, TypeAlias
from urllib.parse import urlsplit

HOST = "127.0.0.1"
CHUNK = 65_536
THROTTLE_STEP_SECONDS = 0.05
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Pass:
    """Everything passes at once."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Every part of a reply comes ``seconds`` later; requests pass at once."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Connections are accepted and kept open, and nothing passes until another mode does."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Open connections are reset, and so is every new one as soon as it was accepted."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Open connections are reset, and nothing listens."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Of the next part of a reply only the first half comes, then the end of the connection."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """Replies come at this many bytes a second, each connection for itself."""

    bytes_per_second: int


Mode: TypeAlias = Pass | Delay | Stall | Reset | Refuse | Cut | Throttle


class TcpFaults:
    """A proxy on a free loopback port before ``port``; a context manager. It begins with `Pass`."""

    def __init__(self, port: int, *, host: str = HOST) -> None:
        self._upstream = (host, port)
        self._mode: Mode = Pass()
        self._changed = asyncio.Event()
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"tcp-faults-{port}", daemon=True)
        self.port = 0
        self.accepted = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_error: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def open_links(self) -> int:
        """Return how many connections are open."""
        return len(self._links)

    def apply(self, mode: Mode) -> None:
        """Put a mode in force for the open connections and the new ones."""
        self._run(self._apply(mode))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._take, HOST, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _apply(self, mode: Mode) -> None:
        self._mode = mode
        before, self._changed = self._changed, asyncio.Event()
        before.set()
        if isinstance(mode, Refuse):
            self._stop_listening()
        if isinstance(mode, Reset | Refuse):
            self._reset_all()
        elif self._server is None:
            await self._listen()

    async def _close(self) -> None:
        self._stop_listening()
        self._reset_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _reset_all(self) -> None:
        for link in list(self._links):
            link.reset()

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        link = _Link(writer)
        if isinstance(self._mode, Reset | Refuse):
            link.reset()
            return
        self._links.add(link)
        try:
            upstream_reader, link.upstream = await asyncio.open_connection(*self._upstream)
            await asyncio.gather(
                self._pass_requests(reader, link.upstream), self._pass_replies(upstream_reader, writer)
            )
        except OSError:
            link.reset()
        finally:
            self._links.discard(link)
            if link.upstream is not None:
                link.upstream.transport.abort()

    async def _pass_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._wait_while_stalled()
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    async def _pass_replies(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        replies: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        taking = asyncio.create_task(self._take_replies(reader, replies))
        try:
            await self._give_replies(replies, writer)
        finally:
            taking.cancel()
            writer.close()

    async def _take_replies(self, reader: asyncio.StreamReader, replies: asyncio.Queue[tuple[float, bytes]]) -> None:
        data = b"?"
        while data:
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = b""
            replies.put_nowait((self._loop.time(), data))

    async def _give_replies(self, replies: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            came_at, data = await replies.get()
            await self._wait_while_stalled()
            await self._wait_while_delayed(came_at)
            if not data:
                break
            if isinstance(self._mode, Cut):
                writer.write(data[: len(data) // 2])
                break
            await self._write(writer, data)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        while data:
            part, mode = data, self._mode
            if isinstance(mode, Throttle):
                part = data[: max(1, int(mode.bytes_per_second * THROTTLE_STEP_SECONDS))]
                await asyncio.sleep(THROTTLE_STEP_SECONDS)
            writer.write(part)
            await writer.drain()
            data = data[len(part) :]

    async def _wait_while_stalled(self) -> None:
        while isinstance(self._mode, Stall):
            await self._changed.wait()

    async def _wait_while_delayed(self, came_at: float) -> None:
        while isinstance(mode := self._mode, Delay) and (left := came_at + mode.seconds - self._loop.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)


def through(url: str, port: int) -> str:
    """Return a store's URL as it leads through the proxy at that port."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition(":")[0]
    query = parts.query
    if parts.scheme == "mongodb":  # or the driver follows the address that the server gives, past the proxy
        query += "&directConnection=true"
    return parts._replace(netloc=f"{address}:{port}", query=query).geturl()


class _Link:
    """The two ends of one connection."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.upstream: asyncio.StreamWriter | None = None

    def reset(self) -> None:
        """End the client's side with RST, whatever it was waiting for."""
        taken = self.client.get_extra_info("socket")
        with suppress(OSError):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.client.transport.abort()
        if self.upstream is not None:
            self.upstream.transport.abort()
