"""Redis for the API: one connection a process that all requests share, their commands joined into one write a tick.

While Redis is out every call fails at once and one background task alone tries to connect: a breaker without
counters. Why not redis-py's own asynchronous client: docs/decisions/0009-redis-for-the-api.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import hiredis

from contracts.errors import StoreUnavailableError
from serve.sources.redis_link import RedisLink, RedisReplyError, fail
from serve.sources.redis_tls import tls_context
from stores.addresses import reason_of
from stores.url_options import check_redis_options

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
"""Pauses between attempts to connect double from the first to the longest, each shortened at random by up to half."""

LOGGER = logging.getLogger("escore.api")
Command = tuple[bytes | str | int, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script that every connection loads as it opens."""

    text: str
    sha: str

    @classmethod
    def of(cls, text: str) -> Script:
        """Return the script of a text, named by its SHA-1 as Redis names it."""
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def script_command(script: Script, keys: Sequence[bytes | str], args: Sequence[bytes | str | int]) -> Command:
    """Return the command that runs a registered script."""
    return ("EVALSHA", script.sha, len(keys), *keys, *args)


class RedisPipe:
    """Sends commands to one Redis; `StoreUnavailableError` whenever it cannot answer within ``timeout`` seconds.

    Belongs to the event loop that uses it first. ``on_change`` is told True when Redis is out and False
    when it answers again. TLS and login come from the URL as redis-py reads it;
    SettingsError if it has an option that is not good.
    """

    def __init__(
        self, url: str, *, timeout: float, name: str = "escore-api", on_change: Callable[[bool], None] | None = None
    ) -> None:
        from redis.connection import parse_url  # noqa: PLC0415 - a tenth of the start of a process without Redis

        check_redis_options(url)
        self._options: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
        self._secure = url.startswith("rediss:")
        self._timeout = timeout
        self._name = name
        self._on_change = on_change
        self._scripts: list[Script] = []
        self._link: RedisLink | None = None
        self._is_out = False
        self._reason = ""
        self._keeper: asyncio.Task[None] | None = None
        self._settled: asyncio.Future[None] | None = None

    def register(self, text: str) -> Script:
        """Return a script that each connection opened from now on loads; register before the first use."""
        script = Script.of(text)
        self._scripts.append(script)
        return script

    def send(self, *commands: Command) -> asyncio.Future[list[Any]]:
        """Send commands; the future gives their replies in order.

        Awaiting raises RedisReplyError if one of them is an error, StoreUnavailableError if Redis is out.
        """
        link = self._link
        payload = _pack(commands)
        if link is not None:
            return link.send(payload, len(commands))
        if self._is_out:
            future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
            fail(future, self._error())
            return future
        first = asyncio.ensure_future(self._send_first(payload, len(commands)))
        first.add_done_callback(_look_at)
        return first

    async def open(self) -> None:
        """Connect, if Redis answers; else go on trying in the background."""
        await self._first_attempt()

    async def close(self) -> None:
        """Close the connection and stop trying."""
        self._is_out = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if self._link is not None:
            self._link.close()
            self._link = None

    async def check(self) -> bool:
        """Return whether Redis answers."""
        try:
            await self.send(("PING",))
        except (StoreUnavailableError, RedisReplyError):
            return False
        return True

    async def _send_first(self, payload: bytes, count: int) -> list[Any]:
        await self._first_attempt()
        if self._link is None:
            raise self._error()
        return await self._link.send(payload, count)

    async def _first_attempt(self) -> None:
        loop = asyncio.get_running_loop()
        if self._keeper is None:
            self._settled = loop.create_future()
            self._keeper = loop.create_task(self._keep(), name="escore-redis")
        if self._settled is not None:
            await asyncio.shield(self._settled)

    async def _keep(self) -> None:
        """Hold a connection for as long as the process lives."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                link = await asyncio.wait_for(self._connect(loop), self._timeout)
            except Exception as error:  # noqa: BLE001 - whatever it was, Redis is out, and the keeper must live on
                self._report(is_out=True, reason=_reason(error))
                self._settle()
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads attempts, no secret
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
            pause = FIRST_PAUSE_SECONDS
            self._link = link
            self._report(is_out=False)
            self._settle()
            await asyncio.shield(link.lost)
            self._link = None
            self._settled = loop.create_future()

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> RedisLink:
        link = RedisLink(loop, timeout=self._timeout)
        try:
            await self._reach(loop, link)
            greetings = self._greetings()
            await link.send(_pack(greetings), len(greetings))
        except BaseException:
            link.close()
            raise
        return link

    async def _reach(self, loop: asyncio.AbstractEventLoop, link: RedisLink) -> None:
        if path := self._options.get("path"):
            await loop.create_unix_connection(lambda: link, path)
            return
        host, port = self._options.get("host", "localhost"), self._options.get("port", 6379)
        await loop.create_connection(lambda: link, host, port, ssl=tls_context(self._options) if self._secure else None)

    def _greetings(self) -> list[Command]:
        options = self._options
        commands: list[Command] = []
        if password := options.get("password"):
            commands.append(("AUTH", *([options["username"]] if options.get("username") else []), password))
        if number := options.get("db"):
            commands.append(("SELECT", number))
        commands.append(("CLIENT", "SETNAME", self._name))
        return commands + [("SCRIPT", "LOAD", script.text) for script in self._scripts]

    def _error(self) -> StoreUnavailableError:
        return StoreUnavailableError(f"Redis is out: {self._reason}" if self._reason else "Redis is out")

    def _report(self, *, is_out: bool, reason: str = "") -> None:
        self._reason = reason
        if is_out != self._is_out:
            self._is_out = is_out
            if is_out:
                LOGGER.warning("Redis is out: %s", reason)
            else:
                LOGGER.info("Redis answers again")
            if self._on_change is not None:
                self._on_change(is_out)

    def _settle(self) -> None:
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(None)


def _reason(error: Exception) -> str:
    return str(error).removeprefix("Redis: ") if isinstance(error, StoreUnavailableError) else reason_of(error)


def _look_at(future: asyncio.Future[Any]) -> None:
    """Ask for the error of a call that its caller may have dropped, or asyncio logs it as forgotten."""
    if not future.cancelled():
        future.exception()


def _pack(commands: Sequence[Command]) -> bytes:
    pack: Any = hiredis.pack_command  # its stub wants a tuple of one item
    return b"".join([pack(command) for command in commands])
