"""One connection to Redis as an asyncio protocol: commands out in one write a loop tick, replies back in order.

hiredis packs and parses (RESP2). A reply that does not come in time breaks the connection, for what it would
answer next can no longer be told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import hiredis

from contracts.errors import StoreUnavailableError
from stores.addresses import reason_of

MAX_WAITING = 20_000
"""Requests of one connection that may await their replies; with more, Redis is not keeping up."""

GRACE_SECONDS = 0.005
"""Time given to the event loop, once a reply is overdue, to hand over what has already arrived; what is overdue then
ends the connection, however much else arrived meanwhile."""

_NOT_REDIS = (hiredis.ProtocolError, MemoryError, TypeError)
"""What hiredis fails with: bytes of no protocol, an array announced longer than memory, a map whose key is a list."""


class RedisReplyError(Exception):
    """An error that Redis answered a command with."""


@dataclass(slots=True)
class _Waiter:
    future: asyncio.Future[list[Any]]
    count: int
    deadline: float
    replies: list[Any] = field(default_factory=list)


class RedisLink(asyncio.Protocol):
    """A connection; ``lost`` is done as soon as it is of no more use."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, timeout: float) -> None:
        self._loop = loop
        self._timeout = timeout
        self._reader = hiredis.Reader(replyError=RedisReplyError)
        self._transport: asyncio.WriteTransport | None = None
        self._waiting: deque[_Waiter] = deque()
        self._outgoing: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._overdue = False
        self.lost: asyncio.Future[None] = loop.create_future()

    def send(self, payload: bytes, count: int) -> asyncio.Future[list[Any]]:
        """Send packed commands; the future gives their ``count`` replies, or StoreUnavailableError."""
        future: asyncio.Future[list[Any]] = self._loop.create_future()
        if self.lost.done():
            fail(future, StoreUnavailableError("Redis: the connection is lost"))
            return future
        if len(self._waiting) >= MAX_WAITING:
            fail(future, StoreUnavailableError("Redis: too many requests wait for it"))
            return future
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(payload)
        self._waiting.append(_Waiter(future, count, self._loop.time() + self._timeout))
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout, self._check_time)
        return future

    def close(self) -> None:
        """Give the connection up; whoever waits is told."""
        self._end("closed")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment]  # a stream's

    def data_received(self, data: bytes) -> None:
        """Hand complete replies to those who wait for them."""
        self._reader.feed(data)
        try:
            while self._waiting:
                reply = self._reader.gets()
                if reply is False:
                    return
                self._deliver(reply)
        except _NOT_REDIS:
            self._end("an answer that is not Redis's")

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        self._end("connection lost" if error is None else reason_of(error))

    def _deliver(self, reply: Any) -> None:
        waiter = self._waiting[0]
        waiter.replies.append(reply)
        if len(waiter.replies) < waiter.count:
            return
        self._waiting.popleft()
        if waiter.future.done():
            return
        error = next((item for item in waiter.replies if isinstance(item, RedisReplyError)), None)
        if error is None:
            waiter.future.set_result(waiter.replies)
        else:
            fail(waiter.future, error)

    def _flush(self) -> None:
        payloads, self._outgoing = self._outgoing, []
        if self._transport is not None and not self.lost.done():
            self._transport.write(payloads[0] if len(payloads) == 1 else b"".join(payloads))

    def _check_time(self) -> None:
        self._timer = None
        if not self._waiting or self.lost.done():
            return
        left = self._waiting[0].deadline - self._loop.time()
        was_overdue, self._overdue = self._overdue, left <= 0
        if self._overdue:
            if was_overdue:
                self._end(f"no answer within {self._timeout:g} s")
                return
            left = GRACE_SECONDS
        self._timer = self._loop.call_later(left, self._check_time)

    def _end(self, reason: str) -> None:
        if self.lost.done():
            return
        self.lost.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        waiting, self._waiting = self._waiting, deque()
        for waiter in waiting:
            if not waiter.future.done():
                fail(waiter.future, StoreUnavailableError(f"Redis: {reason}"))


def fail(future: asyncio.Future[Any], error: Exception) -> None:
    """End a future with an error that nobody is obliged to ask for: asyncio will not log it as forgotten."""
    future.set_exception(error)
    future.exception()
