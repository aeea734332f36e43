"""A published run's generation in Redis written anew, from PostgreSQL, under another key of persons' names.

The new generation is filled beside the one that readers have, counted, and pointed to in one command; then the other
one goes. A process that dies before that command leaves a generation that nobody reads, and the next call drops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol
from uuid import UUID

import pyarrow as pa
import sqlalchemy as sa

from contracts.errors import DataIntegrityError, RunConflictError
from serve.published.person_hash import PersonHash
from serve.published.run_info import RunInfo, load_run_info
from serve.publishing import run_states, score_partitions
from serve.publishing.generations import Generations


class RekeyProgress(Protocol):
    """What is told how far it has come: the consumers of one run after the other."""

    def start(self, step: str, total: int | None = None) -> None:
        """Begin a run of ``total`` consumers."""

    def advance(self, units: int = 1) -> None:
        """Count consumers as written."""


def rekey_run(
    results: sa.Engine, generations: Generations, hashes: PersonHash, progress: RekeyProgress, run_id: UUID
) -> bool:
    """Write a run's generation anew under the newest known key, and point to it; return False if there is no need.

    DataIntegrityError if the new generation does not hold as many consumers as PostgreSQL; RunConflictError if
    another run was put in force meanwhile.
    """
    info, target = generations.info(run_id), hashes.newest
    if info is None or (info.key_id or hashes.oldest.key_id) == target.key_id:
        return False
    old_mark = generations.mark_of(run_id)
    with results.connect() as connection:
        in_force = run_states.run_in_force(connection)
        rows = score_partitions.count_rows(connection, run_id)
        progress.start(f"run {run_id}: persons' names under {target.key_id}", rows)
        mark = generations.open_beside(_described(connection, run_id), consumers=rows, key_id=target.key_id)
        batches = _told(score_partitions.read_partition(connection, run_id), progress)
        generations.filling(run_id, mark).write_tables(batches)
    by_client, by_cpf = generations.count(run_id, mark)
    if not rows == by_client == by_cpf:
        raise DataIntegrityError(
            f"run {run_id}: PostgreSQL holds {rows} consumers, Redis {by_client} by id and {by_cpf} by CPF"
        )
    with results.begin() as connection:
        run_states.lock_states(connection)
        if run_states.run_in_force(connection) != in_force or generations.mark_of(run_id) != old_mark:
            raise RunConflictError("another process changed the run in force: call it again")
        generations.turn_to(run_id, mark)
    generations.drop_one(run_id, old_mark)
    return True


def drop_leftovers(generations: Generations, runs: Iterable[UUID]) -> None:
    """Remove what a call that was killed left of runs: generations beside those that readers have."""
    kept = {run_id: generations.mark_of(run_id) for run_id in runs}
    for run_id, mark in generations.listed():
        if kept.get(run_id, mark) != mark:
            generations.drop_one(run_id, mark)


def _described(connection: sa.Connection, run_id: UUID) -> RunInfo:
    run = load_run_info(connection, run_id)
    if run is None:
        raise DataIntegrityError(f"run {run_id}: its model is not in the results")
    return run


def _told(batches: Iterable[pa.Table], progress: RekeyProgress) -> Iterator[pa.Table]:
    for batch in batches:
        yield batch
        progress.advance(len(batch))
