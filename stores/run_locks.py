"""Who may work on the runs, across processes and machines: one process a reference date, and no run during an erasure.

The rights are advisory locks of the results database, each in a connection of its own: it ends with the process that
holds it, however that one ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

import sqlalchemy as sa

from contracts.errors import RunConflictError

LOCK_CLASS = 0x72756E  # "run": keeps these locks apart from other advisory locks of the database
EVERY_DATE = 0
"""Key of the lock between runs and erasures: no date's, for ordinals begin with 1."""

ERASURE_SECONDS = 1_800.0
POLL_SECONDS = 1.0


class DateLock:
    """The sole right to run a date, which lives in a connection of its own and dies with it.

    While it is held no erasure begins; one that is under way is waited for. ``held_since`` is the server's instant;
    ``was_lost`` tells that the right was given up and taken again since, and erasures were not held off in between.
    """

    def __init__(self, engine: sa.Engine, data_referencia: date) -> None:
        self._engine = engine
        self._date = data_referencia
        self._connection = self._take()
        self.held_since: datetime = self._connection.scalar(sa.text("select now()"))
        self.was_lost = False

    def confirm(self) -> None:
        """Take the right again if its connection was lost; RunConflictError if another process has it by now."""
        if not self._is_held():
            self.was_lost = True
            self.release()
            self._connection = self._take()

    def release(self) -> None:
        """Give the right up."""
        self._connection.close()

    def _is_held(self) -> bool:
        if self._connection.closed:
            return False
        try:
            self._connection.scalar(sa.text("select 1"))
        except sa.exc.DBAPIError:
            return False
        return True

    def _take(self) -> sa.Connection:
        connection = _hold_off_erasures(self._engine)
        try:
            if not _try_lock(connection, "pg_try_advisory_lock", self._date.toordinal()):
                raise RunConflictError(f"another process is running {self._date}")
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def reference_date_lock(engine: sa.Engine, data_referencia: date) -> Iterator[DateLock]:
    """Hold the sole right to run that date, across processes and machines; RunConflictError if it is taken.

    It ends with the block, or with the process, or when its connection is lost: `DateLock.confirm` finds that out.
    """
    lock = DateLock(engine, data_referencia)
    try:
        yield lock
    finally:
        lock.release()


@contextmanager
def holding_off_erasures(engine: sa.Engine) -> Iterator[None]:
    """Let no erasure begin while the block lasts, after waiting for one that is under way; any number may hold this.

    RunConflictError if it takes longer than ERASURE_SECONDS.
    """
    with _hold_off_erasures(engine):
        yield


@contextmanager
def erasure_lock(engine: sa.Engine) -> Iterator[None]:
    """Hold the sole right to rewrite what runs left; RunConflictError if a run or another erasure is under way."""
    with _lock_connection(engine) as connection:
        if not _try_lock(connection, "pg_try_advisory_lock", EVERY_DATE):
            raise RunConflictError(
                "a run, an erasure or a change of keys is under way: call it again when it has ended"
            )
        yield


def dates_under_way(engine: sa.Engine) -> frozenset[date]:
    """Return the reference dates that a process, on whatever machine, holds the right to run."""
    query = sa.text(
        "select objid::bigint from pg_locks"
        " where locktype = 'advisory' and classid = :class and objid <> :every and objsubid = 2 and granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    keys = {"class": LOCK_CLASS, "every": EVERY_DATE}
    with engine.connect() as connection:
        return frozenset(date.fromordinal(number) for number in connection.scalars(query, keys))


def _hold_off_erasures(engine: sa.Engine) -> sa.Connection:
    deadline = time.monotonic() + ERASURE_SECONDS
    connection = _lock_connection(engine)
    try:
        while not _try_lock(connection, "pg_try_advisory_lock_shared", EVERY_DATE):
            if time.monotonic() > deadline:
                raise RunConflictError("an erasure, or a change of keys, is under way: try again when it has ended")
            time.sleep(POLL_SECONDS)
    except BaseException:
        connection.close()
        raise
    return connection


def _lock_connection(engine: sa.Engine) -> sa.Connection:
    """Return a connection of its own, outside the engine's pool, whose locks end with it."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()
    return connection


def _try_lock(connection: sa.Connection, function: str, key: int) -> bool:
    return bool(connection.scalar(sa.text(f"select {function}(:class, :key)"), {"class": LOCK_CLASS, "key": key}))
