"""A run's tables of scores into both stores at once, by a few threads that wait for one another.

This thread reads the tables and encodes rows; one sends them to PostgreSQL, one makes Redis entries of the same
tables, and one sends those. None can get ahead of the next by more than a few tables: then it waits.

The rows are committed in PostgreSQL only when Redis has confirmed every entry. Entries may be written twice, rows
may not: so whatever fails, the same tables can be staged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import sqlalchemy as sa

from serve.published.run_info import RunInfo
from serve.publishing import score_partitions
from serve.publishing.copy_rows import encode_rows
from serve.publishing.entry_groups import EntryGroup
from serve.publishing.generations import Filling, Generations
from serve.publishing.lanes import Lane
from serve.publishing.score_copy import copy_rows

COPY_ROWS = 20_000
"""Rows of one COPY: some 5 MB."""

COPIES_AHEAD = 4
TABLES_AHEAD = 25
"""Tables that wait to become Redis entries: 75 MB at most. PostgreSQL, which has indexes to build, may go ahead."""

GROUPS_AHEAD = 1


def stage_tables(
    results: sa.Engine, generations: Generations, run: RunInfo, tables: Iterable[pa.Table], *, complete: bool
) -> None:
    """Write tables of SCORES_SCHEMA to a run's partition and generation; ``complete`` also builds the indexes.

    Nothing is left in PostgreSQL if anything fails.
    """
    table = score_partitions.partition_name(run.execucao_id)
    filling = generations.filling(run.execucao_id)
    with (
        results.begin() as connection,
        Lane("redis", ahead=GROUPS_AHEAD) as to_redis,
        Lane("entries", ahead=TABLES_AHEAD) as to_entries,
        Lane("postgresql", ahead=COPIES_AHEAD) as to_postgres,
    ):
        entries = _Gathering(filling, to_redis)
        for scores in _cut(tables):
            to_entries.submit(entries.add, scores)
            to_postgres.submit(copy_rows, connection, table, encode_rows(scores, run))
        if complete:
            to_postgres.submit(score_partitions.index_partition, connection, run.execucao_id)
        to_entries.submit(entries.finish)
        to_entries.drain()
        to_redis.drain()
        to_postgres.drain()


class _Gathering:
    """Gathers tables into groups of entries, each handed over to be written when it is full."""

    def __init__(self, filling: Filling, to_redis: Lane) -> None:
        self._filling = filling
        self._to_redis = to_redis
        self._group = EntryGroup()

    def add(self, scores: pa.Table) -> None:
        self._filling.encode(scores, self._group)
        if self._group.is_full:
            self.finish()

    def finish(self) -> None:
        self._to_redis.submit(self._filling.write, self._group)
        self._group = EntryGroup()


def _cut(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    for table in tables:
        for start in range(0, len(table), COPY_ROWS):
            yield table.slice(start, COPY_ROWS)
