"""Half-finished runs: which one a new run goes on with, how a failure is entered, and for how long it counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from contracts.errors import EscoreError, GateError
from flows.resources import Results
from flows.run_plan import RunIdentity
from stores import ledger, run_locks
from stores.erasures import erased_since
from stores.results_errors import results_reached
from stores.run_ids import new_run_id

RESUME_WITHIN = timedelta(hours=24)
"""A half-finished run older than this is not gone on with: its snapshot no longer speaks for tonight."""

BEGUN_ANEW = "abandonada: outra execução começou do início"
NEVER_RESUMED = "abandonada: não foi retomada em 24 horas"


def begin_run(results: Results, as_of: date, model_version: str, *, fresh: bool) -> RunIdentity:
    """Return the run to go on with, or a new one, entered in the ledger as under way."""
    now = datetime.now(UTC)
    execucao_id = ledger.resumable_run(results.engine, as_of, model_version)
    if execucao_id is not None and (fresh or _is_stale(results, execucao_id, now)):
        ledger.abandon_run(results.engine, execucao_id, motivo=BEGUN_ANEW)
        execucao_id = None
    if execucao_id is None:
        execucao_id = new_run_id(now)
    ledger.open_run(results.engine, execucao_id=execucao_id, data_referencia=as_of, modelo_versao=model_version)
    return RunIdentity(execucao_id, as_of, model_version)


def confirm_right(results: Results, right: run_locks.DateLock) -> None:
    """Make sure that the run's process alone has the date, and had no erasure beside it.

    RunConflictError if another process has the date by now; GateError if the right was lost for a while and somebody
    was erased meanwhile, whose records this run may hold.
    """
    right.confirm()
    if right.was_lost and erased_since(results.engine, right.held_since):
        raise GateError("nothing was published: a person was erased while the run had lost its right to the date")


def _is_stale(results: Results, execucao_id: UUID, now: datetime) -> bool:
    """Return whether a half-finished run is too old to go on with."""
    run = ledger.get_run(results.engine, execucao_id)
    return run is not None and now - run.iniciada_em > RESUME_WITHIN


@contextmanager
def failure_recorded(results: Results, run: RunIdentity, right: run_locks.DateLock) -> Iterator[None]:
    """Enter in the ledger why a run failed; a broken gate's run is not gone on with.

    Nothing is entered by a process that has lost the right to the date: the run may be another's by now.
    """
    try:
        yield
    except Exception as error:
        reason = str(error) if isinstance(error, EscoreError) else type(error).__name__
        resumable = not isinstance(error, GateError)
        try:
            with results_reached():
                right.confirm()
                ledger.fail_run(results.engine, run.execucao_id, motivo=reason, retomavel=resumable)
        except EscoreError as second:
            error.add_note(f"and the ledger could not be told: {second}")
        raise
