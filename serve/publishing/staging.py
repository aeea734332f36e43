"""A run's tables of scores into both stores at once: computed here, written by a thread for each store.

While this thread reads and encodes a table, one COPY and one stream of Redis commands are under way. Neither
store can fall behind by more than a few tables: then this thread waits.

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
from serve.publishing.generations import Generations
from serve.publishing.lanes import Lane
from serve.publishing.score_copy import copy_rows

COPY_ROWS = 20_000
"""Rows of one COPY: some 5 MB."""

COPIES_AHEAD = 4
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
        Lane("postgresql", ahead=COPIES_AHEAD) as to_postgres,
    ):
        group = EntryGroup()
        for scores in _cut(tables):
            to_postgres.submit(copy_rows, connection, table, encode_rows(scores, run))
            filling.encode(scores, group)
            if group.is_full:
                to_redis.submit(filling.write, group)
                group = EntryGroup()
        to_redis.submit(filling.write, group)
        if complete:
            to_postgres.submit(score_partitions.index_partition, connection, run.execucao_id)
        to_postgres.drain()
        to_redis.drain()


def _cut(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    for table in tables:
        for start in range(0, len(table), COPY_ROWS):
            yield table.slice(start, COPY_ROWS)
