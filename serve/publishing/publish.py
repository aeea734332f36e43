"""Publishing a run: staged apart in PostgreSQL and Redis, then one switch in each; undone the same way.

PostgreSQL decides: its one transaction makes the run `publicada`, and Redis's pointer follows. A process
that dies between the two leaves Redis on the run before, whole, until `reconcile` moves the pointer on.
Staging commits in PostgreSQL, all or nothing, only after Redis, whose writes may be repeated, has confirmed
everything: so a failed call is safe to repeat. A store that went away is StoreUnavailableError, whichever it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from uuid import UUID

import pyarrow as pa
import redis
import sqlalchemy as sa

from contracts.errors import DataIntegrityError, RunConflictError
from serve.published.key_layout import Pointer
from serve.published.person_hash import PersonHash
from serve.published.run_info import RunInfo, load_run_info
from serve.publishing import retention, run_states, score_partitions
from serve.publishing.generations import Generations
from serve.publishing.rekeying import RekeyProgress, drop_leftovers, rekey_run
from serve.publishing.score_copy import copy_rejects
from serve.publishing.score_partitions import retry_when_busy
from serve.publishing.staging import stage_tables
from stores.results_errors import results_reached

DEFAULT_CONSUMERS = 1_000_000
"""Consumers that a generation is sized for when no run has been counted yet; only memory depends on it."""


SWITCH_SECONDS = 600.0
"""How long the switch waits for transactions that are reading ``score`` to end, before it gives up whole."""


class Publisher:
    """Stages runs and switches between them; the only writer of published scores.

    ``results`` connects as a role that owns the table ``score``; ``cache_key`` is the secret by which
    persons are named in Redis, or the names under it where other keys are known too.
    """

    def __init__(self, results: sa.Engine, cache: redis.Redis, *, cache_key: bytes | PersonHash) -> None:
        self._results = results
        self._hashes = PersonHash(cache_key) if isinstance(cache_key, bytes) else cache_key
        self._generations = Generations(cache, self._hashes)
        self._staging: dict[UUID, RunInfo] = {}

    @results_reached()
    def begin(self, run: RunInfo, *, consumers: int | None = None) -> None:
        """Open a run for staging; whatever an earlier attempt left of it is dropped.

        ``consumers`` is about how many will be staged (default: as many as the last run extracted).
        RunConflictError if the run is in force, or was, or has no row in ``execucao``.
        """
        with self._results.begin() as connection:
            run_states.lock_states(connection)  # or the table dropped could be one that was just put in force
            state = run_states.state_of(connection, run.execucao_id)
            if state is None:
                raise RunConflictError(f"run {run.execucao_id} is not in the ledger: open it there first")
            if state in ("publicada", "substituida"):
                raise RunConflictError(f"run {run.execucao_id} was published already: begin a new one")
            expected = consumers or run_states.expected_consumers(connection) or DEFAULT_CONSUMERS
            score_partitions.create_partition(connection, run.execucao_id)
            _delete_rejects(connection, run.execucao_id)
        self._generations.open(run, consumers=expected)
        self._staging[run.execucao_id] = run

    def resume(self, run: RunInfo) -> None:
        """Go on staging, from another process, a run that `begin` opened."""
        self._staging[run.execucao_id] = run

    @results_reached()
    def stage(self, scores: pa.Table) -> None:
        """Add a table of SCORES_SCHEMA to the run that is open; readers do not see it yet."""
        stage_tables(self._results, self._generations, self._open_run(), [scores], complete=False)

    @results_reached()
    def stage_all(self, tables: Iterable[pa.Table]) -> None:
        """Add all tables of SCORES_SCHEMA of the run that is open, and build its indexes.

        Both stores are written while the next table is read; memory does not grow with the number of tables.
        A failed call leaves nothing in PostgreSQL and may be repeated with the same tables. IntegrityError if
        a consumer comes twice.
        """
        stage_tables(self._results, self._generations, self._open_run(), tables, complete=True)

    @results_reached()
    def stage_rejects(self, rejects: pa.Table) -> None:
        """Add a table of REJECTS_SCHEMA to ``rejeitado`` for the run that is open."""
        with self._results.begin() as connection:
            copy_rejects(connection, rejects, self._open_run().execucao_id)

    @results_reached()
    def switch(self, run: RunInfo) -> None:
        """Make a staged run the one in force; doing it again changes nothing.

        DataIntegrityError if PostgreSQL and Redis do not hold the same number of consumers, as many as the run has
        counted, or if another process has begun to stage the run anew; RunConflictError if the run was given up;
        StoreUnavailableError if somebody's transaction keeps ``score`` busy for ten minutes.
        """
        with self._results.begin() as connection:
            score_partitions.index_partition(connection, run.execucao_id)
            rows = score_partitions.count_rows(connection, run.execucao_id)
            counted = run_states.counted_consumers(connection, run.execucao_id)
            if counted is not None and rows != counted:
                raise DataIntegrityError(f"run {run.execucao_id}: {rows} rows are staged where {counted} were counted")
            self._check_counts(rows, run.execucao_id)
        retry_when_busy(partial(self._put_in_force, run), seconds=SWITCH_SECONDS)
        self._staging.pop(run.execucao_id, None)
        self._follow(trusted=run.execucao_id)

    @results_reached()
    def rollback(self) -> UUID:
        """Make the run before the current one current again and return it; it may be repeated further back.

        RunConflictError if no earlier run is kept.
        """
        with self._results.begin() as connection:
            target = retention.rollback_target(connection)
        self._restore_generation(target)
        with self._results.begin() as connection:
            run_states.lock_states(connection)
            if retention.rollback_target(connection) != target:
                raise RunConflictError("another process changed the run in force; nothing was rolled back")
            run_states.supersede_current(connection, reverted=True)
            run_states.put_in_force(connection, target)
        self._follow(trusted=target)
        return target

    @results_reached()
    def reconcile(self) -> UUID | None:
        """Make Redis follow PostgreSQL, whatever happened to either; return the run in force.

        Restages the run in force if Redis lacks it, moves the pointer, drops generations nobody needs.
        """
        return self._follow()

    @results_reached()
    def rekey(self, progress: RekeyProgress) -> tuple[UUID, ...]:
        """Name persons in Redis by the newest key: write the run in force, and the one before it, anew and point there.

        Readers have the earlier generation, whole, until the new one is. Returns the runs that were written; none if
        the newest key names everybody already. No run, rollback or erasure may be under way.
        """
        in_force = self._follow()
        if in_force is None:
            return ()
        with self._results.connect() as connection:
            before = retention.previous_run(connection)
        runs = (in_force,) if before is None else (in_force, before)
        drop_leftovers(self._generations, runs)
        rekey = partial(rekey_run, self._results, self._generations, self._hashes, progress)
        return tuple(run_id for run_id in runs if rekey(run_id))

    @results_reached()
    def discard(self, run_id: UUID) -> None:
        """Remove what a run has staged: partition, rejects, generation. RunConflictError if it is in force."""
        retry_when_busy(partial(self._drop_scores, run_id), seconds=SWITCH_SECONDS)
        with self._results.begin() as connection:
            _delete_rejects(connection, run_id)
        self._generations.drop(run_id)
        self._staging.pop(run_id, None)

    @results_reached()
    def retain(self, keep_runs: int) -> tuple[UUID, ...]:
        """Drop the scores of runs beyond the last ``keep_runs`` and the last of each month; return those runs.

        What failed runs have staged goes too, rejects included.
        """
        with self._results.connect() as connection:
            dropped = retention.runs_to_drop(connection, keep_runs=keep_runs)
        for run_id in dropped:
            retry_when_busy(partial(self._drop_unneeded_scores, run_id), seconds=SWITCH_SECONDS)
            self._drop_unneeded_generation(run_id)
        with self._results.begin() as connection:
            retention.delete_rejects_of_failed(connection)
        return dropped

    @results_reached()
    def stored_runs(self) -> frozenset[UUID]:
        """Return the runs whose scores PostgreSQL holds."""
        with self._results.connect() as connection:
            return score_partitions.stored_runs(connection)

    def _put_in_force(self, run: RunInfo) -> None:
        with self._results.begin() as connection:
            run_states.lock_states(connection)
            state = run_states.state_of(connection, run.execucao_id)
            if state in ("publicada", "substituida"):
                return
            if state != "em_andamento":
                raise RunConflictError(f"run {run.execucao_id} is no longer under way: it is not published")
            if not score_partitions.is_indexed(connection, run.execucao_id):
                raise DataIntegrityError(f"run {run.execucao_id}: another process has begun to stage it anew")
            score_partitions.lock_readers_out(connection)
            score_partitions.attach_partition(connection, run.execucao_id)
            run_states.save_model(connection, run)
            run_states.supersede_current(connection, reverted=False)
            run_states.mark_published(connection, run)

    def _drop_scores(self, run_id: UUID) -> None:
        with self._results.begin() as connection:
            run_states.lock_states(connection)
            if run_states.run_in_force(connection) == run_id:
                raise RunConflictError(f"run {run_id} is in force: roll back first")
            score_partitions.lock_readers_out(connection)
            score_partitions.drop_partition(connection, run_id)

    def _drop_unneeded_scores(self, run_id: UUID) -> None:
        """Drop a run's scores unless it was put in force or taken up since it was found unneeded."""
        with self._results.begin() as connection:
            run_states.lock_states(connection)
            if run_states.hold_state(connection, run_id) not in ("publicada", "em_andamento"):
                score_partitions.lock_readers_out(connection)
                score_partitions.drop_partition(connection, run_id)

    def _drop_unneeded_generation(self, run_id: UUID) -> None:
        """Drop a run's generation unless it is pointed to, or the run was taken up, since it was found unneeded.

        Meanwhile nobody can take the run up, nor switch.
        """
        with self._results.begin() as connection:
            run_states.lock_states(connection)
            state = run_states.hold_state(connection, run_id)
            if state not in ("publicada", "em_andamento") and run_id != retention.previous_run(connection):
                self._generations.drop(run_id)

    def _open_run(self) -> RunInfo:
        if len(self._staging) != 1:
            raise RunConflictError("exactly one run must be open for staging: call begin first")
        return next(iter(self._staging.values()))

    def _check_counts(self, rows: int, run_id: UUID) -> None:
        by_client, by_cpf = self._generations.count(run_id)
        if not rows == by_client == by_cpf:
            raise DataIntegrityError(
                f"run {run_id}: PostgreSQL holds {rows} consumers, Redis {by_client} by id and {by_cpf} by CPF"
            )

    def _follow(self, *, trusted: UUID | None = None) -> UUID | None:
        """Point Redis to the run in force, its generation counted first unless it is the ``trusted`` one."""
        with self._results.begin() as connection:
            run_states.lock_states(connection)
            current = run_states.run_in_force(connection)
            before = retention.previous_run(connection)
            in_progress = run_states.runs_in_progress(connection)
            if current is not None and current != trusted:
                self._restore_generation(current)
            self._generations.point_to(None if current is None else Pointer(current, before))
        for run_id in self._generations.existing() - {current, before} - in_progress:
            self._drop_unneeded_generation(run_id)
        return current

    def _restore_generation(self, run_id: UUID) -> None:
        """Fill a run's generation from PostgreSQL unless Redis holds as many consumers as PostgreSQL."""
        with self._results.connect() as connection:
            rows = score_partitions.count_rows(connection, run_id)
            if self._generations.info(run_id) is not None and self._generations.count(run_id) == (rows, rows):
                return
            run = load_run_info(connection, run_id)
            if run is None:
                raise DataIntegrityError(f"run {run_id}: its model is not in the results")
            pointer = self._generations.pointer()
            if pointer is not None and pointer.current == run_id:
                self._generations.point_to(None)  # who reads a bucket half filled would miss consumers that exist
            self._generations.open(run, consumers=rows)
            self._generations.filling(run_id).write_tables(score_partitions.read_partition(connection, run_id))
        self._check_counts(rows, run_id)


def _delete_rejects(connection: sa.Connection, run_id: UUID) -> None:
    connection.execute(sa.text("DELETE FROM rejeitado WHERE execucao_id = :id"), {"id": run_id})
