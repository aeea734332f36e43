"""The table ``score`` in PostgreSQL: one partition a run, filled apart, attached in the publishing transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import UUID

import pyarrow as pa
import sqlalchemy as sa

from contracts.errors import StoreUnavailableError
from serve.publishing.score_copy import read_scores

READ_ROWS = 50_000
LOCK_SECONDS = 3.0
"""How long readers may queue behind a switch that itself waits for a long reader."""

PAUSE_SECONDS = 1.0
LOCK_NOT_AVAILABLE = "55P03"
"""PostgreSQL's error code when lock_timeout ends a wait."""


def partition_name(run_id: UUID) -> str:
    """Return the name of a run's partition.

    >>> partition_name(UUID(int=1))
    'score_00000000000000000000000000000001'
    """
    return f"score_{run_id.hex}"


def create_partition(connection: sa.Connection, run_id: UUID) -> None:
    """Create a run's table, empty and not attached: nobody reads it, and filling it keeps no index."""
    name = partition_name(run_id)
    connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
    connection.execute(sa.text(f"CREATE TABLE {name} (LIKE score INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))


def index_partition(connection: sa.Connection, run_id: UUID) -> None:
    """Give a run's table what the parent has, and proof of its run, so that attaching it scans nothing.

    Doing it again changes nothing. A consumer twice in the run violates the primary key (IntegrityError).
    """
    name = partition_name(run_id)
    if not is_indexed(connection, run_id):
        connection.execute(sa.text(f"ALTER TABLE {name} ADD PRIMARY KEY (execucao_id, cliente_id)"))
        connection.execute(sa.text(f"CREATE INDEX ON {name} (execucao_id, cpf)"))
        connection.execute(sa.text(f"ALTER TABLE {name} ADD CHECK (execucao_id = '{run_id}'::uuid)"))
        # By what rows are found; autovacuum counts the rest later, for it counts a partial ANALYZE as none.
        connection.execute(sa.text(f"ANALYZE {name} (execucao_id, cliente_id, cpf)"))


def is_indexed(connection: sa.Connection, run_id: UUID) -> bool:
    """Return whether a run's table was filled and indexed; one that was begun anew is not."""
    has_key = sa.text("SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass(:name) AND contype = 'p'")
    return connection.execute(has_key, {"name": partition_name(run_id)}).first() is not None


def attach_partition(connection: sa.Connection, run_id: UUID) -> None:
    """Attach a run's table to ``score``, unless it already is."""
    if run_id not in attached_runs(connection):
        connection.execute(
            sa.text(f"ALTER TABLE score ATTACH PARTITION {partition_name(run_id)} FOR VALUES IN ('{run_id}')")
        )


def lock_readers_out(connection: sa.Connection) -> None:
    """Hold all reading of ``score`` up to the transaction's end: some milliseconds.

    A statement is planned, with the partitions that there are, before it takes the snapshot it runs with.
    Without this lock one could plan before a switch and run after it: it would find the new run in force
    and, of its rows, none. OperationalError (55P03) if readers do not end within LOCK_SECONDS.
    """
    connection.execute(sa.text(f"SET LOCAL lock_timeout = {int(LOCK_SECONDS * 1000)}"))
    connection.execute(sa.text("LOCK TABLE score IN ACCESS EXCLUSIVE MODE"))


def retry_when_busy(change: Callable[[], None], *, seconds: float) -> None:
    """Call until ``score`` could be locked, readers let through in between; StoreUnavailableError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return change()
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            if time.monotonic() > deadline:
                raise StoreUnavailableError("PostgreSQL (results): a long transaction keeps `score` busy") from None
        time.sleep(PAUSE_SECONDS)


def drop_partition(connection: sa.Connection, run_id: UUID) -> None:
    """Remove a run's table, attached or not; none is no error."""
    connection.execute(sa.text(f"DROP TABLE IF EXISTS {partition_name(run_id)}"))


def attached_runs(connection: sa.Connection) -> frozenset[UUID]:
    """Return the runs whose partition is attached."""
    query = (
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'score'::regclass"
    )
    return _runs_named(connection.scalars(sa.text(query)))


def stored_runs(connection: sa.Connection) -> frozenset[UUID]:
    """Return the runs that have a table, attached or not."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename ~ '^score_[0-9a-f]{32}$'"
    return _runs_named(connection.scalars(sa.text(query)))


def count_rows(connection: sa.Connection, run_id: UUID) -> int:
    """Return how many rows a run's table holds."""
    return int(connection.scalar(sa.text(f"SELECT count(*) FROM {partition_name(run_id)}")) or 0)


def read_partition(connection: sa.Connection, run_id: UUID) -> Iterator[pa.Table]:
    """Yield a run's rows as tables of SCORES_SCHEMA (without ``score_bruto``), in ``cliente_id`` order."""
    after = ""
    while len(batch := read_scores(connection, partition_name(run_id), after=after, limit=READ_ROWS)):
        yield batch
        after = batch["cliente_id"][-1].as_py()


def _runs_named(names: sa.ScalarResult[str]) -> frozenset[UUID]:
    return frozenset(UUID(hex=name.removeprefix("score_")) for name in names if len(name) == len("score_") + 32)
