"""What a PostgreSQL of one's own was asked: its log of statements, switched on for a while and counted."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from stores.connections import sql_engine
from tests.store_processes import StoreProcess

SETTLE_SECONDS = 0.3
_STATEMENT = re.compile(rb"(?:execute [^:]*|statement): (?P<text>.*)")


class StatementLog:
    """The statements that a server logged since the log was switched on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = path.stat().st_size

    def count(self, pattern: str) -> int:
        """Return how many statements since then match a regular expression."""
        with self._path.open("rb") as log:
            log.seek(self._start)
            text = log.read().replace(b"\n\t", b" ")
        statements = [found["text"].decode() for found in _STATEMENT.finditer(text)]
        return sum(bool(re.search(pattern, statement)) for statement in statements)


@contextmanager
def logged_statements(store: StoreProcess) -> Iterator[StatementLog]:
    """Let a PostgreSQL log every statement within the block."""
    _log_statements_of(store, shortest=0)
    try:
        yield StatementLog(store.log)
    finally:
        _log_statements_of(store, shortest=-1)


def _log_statements_of(store: StoreProcess, *, shortest: int) -> None:
    """Log statements by their length in ms, -1 none: `log_statement` stands on the server's command line."""
    engine = sql_engine(store.root_url, timeout=10).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, closing(connection.connection.cursor()) as cursor:
        cursor.execute(f"alter system set log_min_duration_statement = {shortest}")
        cursor.execute("select pg_reload_conf()")
    engine.dispose()
    time.sleep(SETTLE_SECONDS)


def count_connections(engine: sa.Engine, application: str) -> int:
    """Return how many connections an application has to the server of an engine, of the same role."""
    query = sa.text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :application")
    with engine.connect() as connection:
        return int(connection.execute(query, {"application": application}).scalar_one())
