"""A relational store for the API: SQLAlchemy Core work on an asynchronous driver, each piece within a time limit.

PostgreSQL is reached by psycopg 3, Oracle by oracledb's own asyncio; a driver without asyncio works in a thread.
A piece of work that overruns is answered for at once: its connection is cut at the socket, so that it ends soon
whatever the server does, and its place is free again only then.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts.errors import SettingsError, StoreUnavailableError
from serve.sources.breaker import Breaker
from serve.sources.tolerant_dates import take_any_date
from stores.addresses import describe_url, oracle_options, postgres_options, reason_of

T = TypeVar("T")
Work = Callable[[sa.Connection], T]

ASYNC_DRIVERS = {"postgresql": "postgresql+psycopg", "oracle": "oracle+oracledb_async"}
APPLICATION = "escore-api"
"""Name under which PostgreSQL shows the API's connections."""

WAITING_PER_CONNECTION = 32
"""Pieces of work that may wait for each connection: more could not be served within the time limit."""

SERVER_SHARE = 0.9
"""PostgreSQL cancels a statement before our own limit, so that a slow query is told from a store that hangs."""

OWN_SHARE = 0.5
"""Part of the time limit that work must have had its connection for, before its overrun counts against the store."""

_OUT = (sa.exc.OperationalError, sa.exc.InterfaceError, StoreUnavailableError, OSError)


class _BusyError(Exception):
    """No connection came free in time: the store answers, only not so many at once."""


@dataclass(slots=True)
class _Place:
    """Where one piece of work runs: the socket of its connection, once it has one, and since when.

    ``is_queued``: when it began, others had every connection.
    """

    is_queued: bool
    descriptor: int | None = None
    since: float = math.inf

    def cut(self) -> bool:
        """Shut the socket down; the driver then sees its peer gone. False if there is none yet."""
        if self.descriptor is None:
            return False
        with socket.socket(fileno=os.dup(self.descriptor)) as twin:
            twin.shutdown(socket.SHUT_RDWR)
        return True


class SqlStore:
    """One relational store; StoreUnavailableError whenever it cannot answer within ``timeout`` seconds.

    ``store`` names it in errors; ``on_change`` is told True when it is known to be out, False when it is back.
    SettingsError if the URL's driver is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        store: str,
        timeout: float,
        connections: int = 8,
        on_change: Callable[[bool], None] | None = None,
    ) -> None:
        self.store = store
        self._timeout = timeout
        self._connections = connections
        self._in_use = 0
        self._answered_at = -math.inf
        self._waiting_limit = connections * WAITING_PER_CONNECTION
        self._engine = _engine(url, timeout=timeout, connections=connections)
        self._breaker = Breaker(self._answers, store=store, on_change=on_change)
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def dialect(self) -> str:
        """Return SQLAlchemy's name of the store's dialect."""
        return self._engine.dialect.name

    @property
    def is_out(self) -> bool:
        """Return whether the store is known not to answer."""
        return self._breaker.is_open

    async def run(self, work: Work[T]) -> T:
        """Return what ``work`` makes of a connection, in one transaction; what is not committed is rolled back."""
        if self._breaker.is_open:
            raise StoreUnavailableError(f"{self.store} is out")
        if len(self._tasks) >= self._waiting_limit:
            raise StoreUnavailableError(f"{self.store}: too many requests wait for it")
        try:
            result = await self._within_time(work)
        except (_BusyError, sa.exc.TimeoutError):
            raise StoreUnavailableError(f"{self.store}: every connection is in use") from None
        except _OUT as error:
            reason = reason_of(error)
            if not _is_slow_statement(error):
                self._breaker.fail(reason)
            raise StoreUnavailableError(f"{self.store}: {reason}") from None
        self._breaker.succeed()
        return result

    async def check(self) -> bool:
        """Return whether the store answers."""
        try:
            await self.run(_select_one)
        except StoreUnavailableError:
            return False
        return True

    async def close(self) -> None:
        """Close every connection, in a bounded time."""
        await self._breaker.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._timeout)
        if isinstance(self._engine, AsyncEngine):
            await asyncio.wait({asyncio.ensure_future(self._engine.dispose())}, timeout=self._timeout)
        else:
            self._engine.dispose()

    async def _answers(self) -> bool:
        try:
            await self._within_time(_select_one)
        except (*_OUT, _BusyError, sa.exc.TimeoutError):
            return False
        return True

    async def _within_time(self, work: Work[T]) -> T:
        place = _Place(len(self._tasks) >= self._connections)
        task = asyncio.get_running_loop().create_task(self._work(work, place))
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._timeout)
        except asyncio.CancelledError:
            _give_up(task, place)
            raise
        if not done:
            is_busy = self._was_kept_waiting(place)
            _give_up(task, place)
            if is_busy:
                raise _BusyError
            raise TimeoutError(f"no answer within {self._timeout:g} s")
        return task.result()

    def _was_kept_waiting(self, place: _Place) -> bool:
        """Return whether a piece of work overran for want of a connection: that says nothing against the store."""
        own = OWN_SHARE * self._timeout
        if place.descriptor is None:  # or it was about to get the one of work that was answered just now
            has_answered = time.monotonic() - self._answered_at < own
            return self._in_use >= self._connections or (place.is_queued and has_answered)
        return place.is_queued and time.monotonic() - place.since < own

    async def _work(self, work: Work[T], place: _Place) -> T:
        if not isinstance(self._engine, AsyncEngine):
            return await asyncio.to_thread(_run, self._engine, work)
        async with self._engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            place.descriptor = raw.fileno() if hasattr(raw, "fileno") else None
            place.since = time.monotonic()
            self._in_use += 1
            try:
                result = await connection.run_sync(work)
                self._answered_at = time.monotonic()
                return result
            finally:
                self._in_use -= 1

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # asked for, or asyncio logs work that was given up as forgotten


def _give_up(task: asyncio.Task[Any], place: _Place) -> None:
    try:
        is_cut = place.cut()
    except OSError:
        is_cut = False
    if not is_cut:
        task.cancel()


def _select_one(connection: sa.Connection) -> None:
    connection.execute(sa.select(sa.literal(1)))


def _run(engine: sa.Engine, work: Work[T]) -> T:
    with engine.connect() as connection:
        return work(connection)


def _is_slow_statement(error: BaseException) -> bool:
    """Return whether the server itself stopped the statement for its length: slow, but there."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == "57014"


def _engine(url: str, *, timeout: float, connections: int) -> AsyncEngine | sa.Engine:
    parsed = sa.make_url(url)
    backend = parsed.get_backend_name()
    pool: dict[str, Any] = {
        "pool_pre_ping": True,
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": timeout,
        "pool_use_lifo": True,
    }
    options: dict[str, Any] = {}
    if backend == "postgresql":
        options = postgres_options(timeout, SERVER_SHARE * timeout, APPLICATION)
    elif backend == "oracle":
        parsed, options = oracle_options(parsed)
    try:
        driver = ASYNC_DRIVERS.get(backend)
        if driver is None:
            return sa.create_engine(parsed, **pool)
        engine = create_async_engine(parsed.set(drivername=driver), connect_args=options, **pool)
    except (sa.exc.NoSuchModuleError, ImportError):
        raise SettingsError([f"{describe_url(url)}: no driver for {parsed.drivername}:// is installed"]) from None
    if backend == "postgresql":
        take_any_date(engine.sync_engine)
    return engine
