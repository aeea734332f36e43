"""Which published runs are kept, and to which a rollback returns."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from contracts.errors import RunConflictError
from serve.publishing import run_states, score_partitions


def runs_to_drop(connection: sa.Connection, *, keep_runs: int) -> tuple[UUID, ...]:
    """Return the runs whose scores are beyond retention, and tables that no run accounts for.

    Kept: the run in force, runs in progress, the last ``keep_runs`` published, and of each month of
    reference dates the last published.
    """
    published = run_states.runs_published(connection)
    kept = {run.run_id for run in published[:keep_runs]}
    kept |= {run.run_id for run in published if run.in_force}
    months: dict[tuple[int, int], run_states.PublishedRun] = {}
    for run in published:
        month = (run.data_referencia.year, run.data_referencia.month)
        best = months.get(month)
        if best is None or run.data_referencia > best.data_referencia:
            months[month] = run
    kept |= {run.run_id for run in months.values()}
    kept |= run_states.runs_in_progress(connection)
    return tuple(sorted(score_partitions.stored_runs(connection) - kept))


def delete_rejects_of_failed(connection: sa.Connection) -> None:
    """Delete what failed runs have entered in ``rejeitado``: one that is gone on with enters it again."""
    query = "DELETE FROM rejeitado WHERE execucao_id IN (SELECT id FROM execucao WHERE situacao = 'falhou')"
    connection.execute(sa.text(query))


def previous_run(connection: sa.Connection) -> UUID | None:
    """Return the run to which a rollback would return; None if there is none."""
    attached = score_partitions.attached_runs(connection)
    for run in run_states.runs_published(connection):
        if not run.in_force and not run.reverted and run.run_id in attached:
            return run.run_id
    return None


def rollback_target(connection: sa.Connection) -> UUID:
    """Return the run to which a rollback returns; RunConflictError if there is none."""
    target = previous_run(connection)
    if target is None:
        raise RunConflictError("no earlier run is kept: there is nothing to roll back to")
    return target
