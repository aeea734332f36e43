"""Runs as the ledger and the lake know them: listed, looked into, given up.

A run that a killed process left is `em_andamento` like one at work; whether some process holds the right to run its
date tells them apart.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError, RunConflictError
from flows.half_finished import RESUME_WITHIN
from flows.resources import Results
from flows.run_plan import RunIdentity, read_plan, scores_root, snapshot_root
from flows.terminal import print_table, whole
from stores import ledger, run_locks
from stores.ledger import Run

IN_FORCE, SUPERSEDED, UNDER_WAY = "vigente", "substituida", "em_andamento"
HALF_FINISHED, FAILED = "pela_metade", "falhou"
GIVEN_UP = "abandonada: por decisão de quem opera"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run's line: ``state`` tells a run at work from one that was left half-finished."""

    run: Run
    state: str

    def to_json(self) -> dict[str, Any]:
        """Return the line for a machine to read."""
        run = self.run
        return {
            "execucao_id": str(run.id),
            "data_referencia": run.data_referencia.isoformat(),
            "modelo": run.modelo_versao,
            "estado": self.state,
            "situacao": run.situacao,
            "iniciada_em": run.iniciada_em.isoformat(),
            "publicada_em": run.publicada_em and run.publicada_em.isoformat(),
            "extraidos": run.extraidos,
            "pontuados": run.pontuados,
            "insuficientes": run.insuficientes,
            "rejeitados": run.rejeitados,
            "impressao": run.impressao,
            "motivo_falha": run.motivo_falha,
        }


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A run with what the lake holds of it: ranges planned and finished, and every damage, named."""

    summary: RunSummary
    planned: int | None
    finished: int
    damage: tuple[str, ...]
    verified: bool

    def to_json(self) -> dict[str, Any]:
        """Return the details for a machine to read."""
        lake = {"faixas": self.planned, "prontas": self.finished, "conferidas": self.verified}
        return {**self.summary.to_json(), "lago": {**lake, "danos": list(self.damage)}}


def summarize_runs(results: Results, *, now: datetime, limit: int) -> tuple[RunSummary, ...]:
    """Return the latest runs, newest first."""
    at_work = run_locks.dates_under_way(results.engine)
    runs = ledger.list_runs(results.engine, limit=limit)
    return tuple(_summary(run, at_work, now=now) for run in runs)


def state_of(run: Run, *, is_at_work: bool, age: timedelta) -> str:
    """Return what a run is to whoever operates it."""
    if run.situacao == "publicada":
        return IN_FORCE
    if run.situacao == "em_andamento":
        return UNDER_WAY if is_at_work else HALF_FINISHED
    if run.situacao == "falhou" and run.retomavel and age <= RESUME_WITHIN:
        return HALF_FINISHED
    return SUPERSEDED if run.situacao == "substituida" else FAILED


def find_run(results: Results, lake: ArtifactStore, run_id: UUID, *, now: datetime, verify: bool) -> RunDetails:
    """Return a run's details; with ``verify`` every file of it is compared with its checksum."""
    run = _required(results, run_id)
    summary = _summary(run, run_locks.dates_under_way(results.engine), now=now)
    planned, finished, damage = _look_into_lake(lake, run, verify=verify)
    return RunDetails(summary, planned, finished, damage, verify)


def abandon(results: Results, lake: ArtifactStore, run_id: UUID) -> Run:
    """Give up a half-finished run: it is not gone on with, and what it left in every store is removed at once.

    RunConflictError if there is no such run, a process is at work on it, or it is not half-finished.
    """
    with run_locks.reference_date_lock(results.engine, _required(results, run_id).data_referencia):
        run = _required(results, run_id)
        if run.situacao not in ("em_andamento", "falhou"):
            raise RunConflictError(f"run {run_id} was published: it is no half-finished run")
        if run.retomavel:
            ledger.abandon_run(results.engine, run_id, motivo=GIVEN_UP)
        results.publisher.discard(run_id)
        lake.delete(scores_root(run_id))
        lake.delete(snapshot_root(run_id))
    return _required(results, run_id)


def print_list(summaries: Sequence[RunSummary], console: Console) -> None:
    """Print the list as a table for people, and below it why runs failed or were taken out of force."""
    if not summaries:
        console.print("no run yet: `escore run --as-of DATE` makes one", highlight=False)
        return
    columns = map(whole, ("run", "as of", "model", "state", "begun (UTC)", "consumers"))
    table = Table(*columns, title=f"runs: {len(summaries)}", title_justify="left")
    for one in summaries:
        run = one.run
        consumers = "-" if run.extraidos is None else f"{run.extraidos:,}"
        begun = f"{run.iniciada_em:%Y-%m-%d %H:%M}"
        table.add_row(str(run.id), run.data_referencia.isoformat(), run.modelo_versao, one.state, begun, consumers)
    print_table(console, table, least=("begun (UTC)", "model", "consumers"))
    for one in summaries:
        if one.run.motivo_falha:
            told = f"{one.run.id}, {one.state}: {one.run.motivo_falha}"
            console.print(told, soft_wrap=True, highlight=False, markup=False)


def _summary(run: Run, at_work: Collection[date], *, now: datetime) -> RunSummary:
    is_at_work = run.data_referencia in at_work
    return RunSummary(run, state_of(run, is_at_work=is_at_work, age=now - run.iniciada_em))


def _required(results: Results, run_id: UUID) -> Run:
    run = ledger.get_run(results.engine, run_id)
    if run is None:
        raise RunConflictError(f"there is no run {run_id}")
    return run


def _look_into_lake(lake: ArtifactStore, run: Run, *, verify: bool) -> tuple[int | None, int, tuple[str, ...]]:
    """Return how many ranges a run has planned and finished in the lake, and the damage found."""
    identity = RunIdentity(run.id, run.data_referencia, run.modelo_versao)
    damage: list[str] = []
    planned = None
    try:
        plan = read_plan(lake, identity.snapshot_id)
        planned = None if plan is None else len(plan)
    except DataIntegrityError as error:
        damage.append(str(error))
    finished = 0
    for root in (snapshot_root(identity.snapshot_id), scores_root(run.id)):
        for name in lake.list(root):
            try:
                manifest = lake.read_manifest(f"{root}/{name}")
                finished += manifest is not None and root == scores_root(run.id)
                if verify and manifest is not None:
                    lake.verify(f"{root}/{name}")
            except DataIntegrityError as error:
                damage.append(str(error))
    return planned, finished, tuple(dict.fromkeys(damage))
