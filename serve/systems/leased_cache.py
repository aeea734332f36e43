"""A read-through cache in Redis that a change can invalidate, with no stale value kept after it.

Who misses takes a lease, a key with a nonce, in the step that missed; a value is kept only while that lease
stands, and invalidation ends the lease with the value. So what was read before a change is never kept after it.
The lease is single flight as well: who misses and finds it taken waits for its holder, in this process by
sharing its reading and in another by looking again, for a bounded time. Without Redis each read goes to the source.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeAlias

from contracts.errors import StoreUnavailableError
from serve.published.kept_answers import LEASE_ENDING
from serve.sources.redis_link import RedisReplyError
from serve.sources.redis_pipe import RedisPipe, script_command
from serve.systems.seal import Seal

PATIENCE_SECONDS = 0.25
"""Longest wait for another process's reading; a holder that died costs no more than this."""

PAUSE_SECONDS = 0.01
LEASE_SECONDS = 5
"""A reading that takes longer is answered with, but not kept."""


_LOOK = """
local kept = redis.call('GET', KEYS[1])
if kept then return {kept, false} end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'EX', ARGV[2]) then return {false, ARGV[1]} end
return {false, redis.call('GET', KEYS[2])}
"""
_KEEP = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1
"""

Load: TypeAlias = Callable[[], Awaitable[bytes | None]]


class LeasedCache:
    """Keeps texts by key for as long as their seal holds; ``on_look`` is told whether the cache answered a reading."""

    def __init__(self, pipe: RedisPipe, seal: Seal, *, on_look: Callable[[bool], None]) -> None:
        self._pipe = pipe
        self._seal = seal
        self._on_look = on_look
        self._look_script = pipe.register(_LOOK)
        self._keep_script = pipe.register(_KEEP)
        self._flights: dict[bytes, asyncio.Task[bytes | None]] = {}
        self._process = secrets.token_hex(8)
        self._numbers = count()

    async def read(self, key: str, load: Load) -> bytes | None:
        """Return the kept text, else what ``load`` gives; its errors are the caller's, Redis's never are."""
        nonce = f"{self._process}.{next(self._numbers)}".encode()
        patient_until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while (look := await self._look(key, nonce)) is not None:
            text, holder = look
            if text is not None:
                self._on_look(True)
                return text
            if holder == nonce:
                self._take_off(key, nonce, load)
            if (flight := self._flights.get(holder)) is not None:
                self._on_look(False)
                return await asyncio.shield(flight)
            if asyncio.get_running_loop().time() > patient_until:
                break
            await asyncio.sleep(PAUSE_SECONDS)
        self._on_look(False)
        return await load()

    async def invalidate(self, *keys: str) -> None:
        """Remove the texts, and let no reading under way be kept; StoreUnavailableError if a text may still stand."""
        try:
            await self._pipe.send(("DEL", *keys, *(key + LEASE_ENDING for key in keys)))
        except RedisReplyError:
            raise StoreUnavailableError("Redis refuses to remove what it keeps") from None

    async def _look(self, key: str, nonce: bytes) -> tuple[bytes | None, bytes] | None:
        """Return the kept text or, without one, who holds the lease; None if Redis gives neither."""
        command = script_command(self._look_script, (key, key + LEASE_ENDING), (nonce, LEASE_SECONDS))
        try:
            [(sealed, holder)] = await self._pipe.send(command)
        except StoreUnavailableError:
            return None
        except RedisReplyError:
            await self._remove(key)
            return None
        if sealed is None:
            return None, holder
        text = self._seal.open(key, sealed)
        if text is None:
            await self._remove(key)
            return None
        return text, b""

    def _take_off(self, key: str, nonce: bytes, load: Load) -> None:
        """Start the reading as a task of its own: a caller who goes away takes no other caller's answer along."""
        flight = asyncio.get_running_loop().create_task(self._load_and_keep(key, nonce, load))
        self._flights[nonce] = flight
        flight.add_done_callback(lambda done: self._land(nonce, done))

    def _land(self, nonce: bytes, flight: asyncio.Task[bytes | None]) -> None:
        del self._flights[nonce]
        if not flight.cancelled():
            flight.exception()  # asked for, or asyncio logs a reading that nobody waited for

    async def _load_and_keep(self, key: str, nonce: bytes, load: Load) -> bytes | None:
        sealed = b""
        try:
            text = await load()
            if text is not None:
                sealed = self._seal.close(key, text)
        finally:
            await self._end_lease(key, nonce, sealed)
        return text

    async def _end_lease(self, key: str, nonce: bytes, sealed: bytes) -> None:
        """Keep the text if the lease still stands; an empty one only ends the lease."""
        command = script_command(self._keep_script, (key, key + LEASE_ENDING), (nonce, sealed, self._seal.seconds))
        try:
            await self._pipe.send(command)
        except (StoreUnavailableError, RedisReplyError):
            return

    async def _remove(self, key: str) -> None:
        """Remove what is none of ours, so that the next reading can be kept."""
        try:
            await self.invalidate(key)
        except StoreUnavailableError:
            return
