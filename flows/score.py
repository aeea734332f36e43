"""The nightly run: partition, extract, build features, score, gate, publish (docs/explanation/how-a-run-moves.md).

``escore run`` and the Prefect flow ``score_clients`` are the same function. Prefect carries ids, counts and
paths only. A run that was killed goes on from its finished ranges when it is started again for the same
date and model; one that broke a gate published nothing, and starts anew next time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from prefect import flow
from prefect.futures import PrefectFuture, as_completed

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError
from contracts.extraction import CpfRange
from contracts.settings import RUN_SETTINGS, Settings
from contracts.tables import TABLES_BY_NAME
from extract.partitions import plan_ranges
from flows.base_snapshot import find_base, origin_of
from flows.changes import stage_changes
from flows.flow_process import begin_flow, day_before_schedule
from flows.half_finished import NEVER_RESUMED, RESUME_WITHIN, begin_run, confirm_right, failure_recorded
from flows.lake_retention import clear_lake, drop_changes, is_needed
from flows.parameter_form import Bounds, with_form
from flows.persistence import MOST_RETRIES, persist
from flows.progress import StepProgress, show_progress
from flows.quality import judge_run, load_ahead
from flows.range_base import describe_reading
from flows.range_summary import RangeSummary
from flows.range_tasks import range_runner, trying_again
from flows.range_work import stands
from flows.reference_date import check_consumers_known, check_reference_date
from flows.report import write_run_report
from flows.report_link import log_link, report_link
from flows.resources import Results, open_lake, open_results, open_sources
from flows.run_artifacts import ProgressArtifact, tell_prefect
from flows.run_outcome import FULL_READING, RunOutcome, StepTimes
from flows.run_plan import (
    RunIdentity,
    group_ranges,
    read_plan,
    read_plan_base,
    scores_root,
    snapshot_root,
    write_plan,
)
from flows.run_summary import print_summary
from flows.score_tasks import score_ranges, score_strays, stage_scores, switch_run
from flows.terminal import open_console
from flows.withheld import values_withheld
from models.registry import RegisteredModel, usable_model
from serve.published.run_info import RunInfo
from stores import ledger, run_locks


@flow(name="score-clients", task_runner=range_runner(), validate_parameters=True)
@with_form(retries=Bounds(0, MOST_RETRIES))
@values_withheld
def score_clients(
    as_of: date | None = None,
    model_version: str | None = None,
    fresh: bool = False,
    incremental: bool = False,
    retries: int = 0,
) -> dict[str, Any]:
    """Score every consumer as of a date and publish the scores.

    Parameters
    ----------
    as_of
        Reference date; when it is not given, the day before the run was due, in São Paulo.
    model_version
        Version of a registered model; the one in force when it is not given.
    fresh
        Begin anew even if a run of that date and model was left half-finished in the last 24 hours.
    incremental
        Read from the stores only what changed since the snapshot of the run in force; what is published is the same.
    retries
        How often to go on, ten minutes later each time, after a store did not answer or another run was at work.

    Returns
    -------
    dict
        Ids, counts and paths of the run (``RunOutcome.to_json``).
    """
    settings = begin_flow()
    day = as_of or day_before_schedule()
    again = iter((fresh,))

    def run() -> RunOutcome:
        """Begin anew the first time at most: what a try has finished, the next one goes on from."""
        return run_scores(settings, day, model_version=model_version, fresh=next(again, False), incremental=incremental)

    return persist(run, retries=retries).to_json()


def run_scores(
    settings: Settings,
    as_of: date,
    *,
    model_version: str | None = None,
    fresh: bool = False,
    incremental: bool = False,
) -> RunOutcome:
    """Do the whole run inside a flow; EscoreError says what stopped it, and the ledger keeps why."""
    settings.require(*RUN_SETTINGS)
    check_reference_date(as_of, datetime.now(UTC))
    lake = open_lake(settings)
    model = usable_model(lake, model_version)
    with (
        show_progress() as progress,
        open_results(settings) as results,
        run_locks.reference_date_lock(results.engine, as_of) as right,
    ):
        results.publisher.reconcile()
        run = begin_run(results, as_of, model.version, fresh=fresh)
        with failure_recorded(results, run, right):
            started = datetime.now(UTC)
            night = _Night(settings, lake, model, run, right, results, progress, StepTimes(), started, incremental)
            return night.run_through()


@dataclass(slots=True)
class _Night:
    """One run in progress; its methods are the run's steps, in order."""

    settings: Settings
    lake: ArtifactStore
    model: RegisteredModel
    run: RunIdentity
    right: run_locks.DateLock
    results: Results
    progress: StepProgress
    times: StepTimes
    started_at: datetime
    incremental: bool = False
    resumed: int = 0
    reading: str = FULL_READING

    def run_through(self) -> RunOutcome:
        """Do all steps; GateError if the gates forbid to publish."""
        ranges = self._partition()
        load_ahead()  # not before a date may be refused: a process that ends in the middle of it says so at length
        base = read_plan_base(self.lake, self.run.snapshot_id)
        strays = trying_again(score_strays, self.settings).submit(self.run)
        summary = self._work_ranges(ranges) + self._await_strays(strays)
        if base is not None:
            self.reading = describe_reading(self.lake, self.run, base, ranges)
        self._record(summary)
        with self.times.measure("portas"):
            self.progress.start("gates")
            folder = self.settings.var / "qualidade" / str(self.run.execucao_id)
            gates = judge_run(summary, folder, max_reject_rate=self.settings.max_reject_rate)
        fingerprint = None if gates.broken_critical else self._publish(ranges, summary)
        self.progress.finish()
        outcome = RunOutcome(
            run=self.run,
            model_name=self.model.points.name,
            resumed_ranges=self.resumed,
            summary=summary,
            gates=gates,
            steps=tuple(self.times.steps),
            started_at=self.started_at,
            published=fingerprint is not None,
            fingerprint=fingerprint,
            report=self.settings.var / "relatorios" / f"execucao-{self.run.execucao_id}.html",
            reading=self.reading,
        )
        write_run_report(outcome)
        link = report_link(self.settings, outcome.report)
        log_link(f"report of run {self.run.execucao_id}", link)
        tell_prefect(outcome, link)
        print_summary(outcome, open_console(stderr=True))
        gates.stop_if_broken()
        return outcome

    def _partition(self) -> tuple[CpfRange, ...]:
        with self.times.measure("particionar"):
            self.progress.start("partition")
            planned = self._stored_plan()
            if planned is None:
                check_consumers_known(self.settings, self.run.as_of, why="the reference date")
            if planned is None and self.incremental:
                planned = self._continue_snapshot()
            if planned is None:
                with open_sources(self.settings) as sources:
                    planned = plan_ranges(sources.base_a, range_size=self.settings.range_size, erased=sources.erased)
                write_plan(self.lake, self.run.snapshot_id, planned, origin=origin_of(self.settings))
            return planned

    def _continue_snapshot(self) -> tuple[CpfRange, ...] | None:
        """Return the plan of the snapshot that is gone on from; None, and a word why, if there is none to trust."""
        found = find_base(self.settings, self.lake, self.results.engine)
        if found.base is None:
            self.reading = f"full, for there is nothing to go on from: {found.reason}"
            open_console(stderr=True).print(self.reading, highlight=False, soft_wrap=True)
            return None
        with open_sources(self.settings) as sources:
            stage_changes(self.lake, sources, self.run, found)
        write_plan(self.lake, self.run.snapshot_id, found.ranges, origin=origin_of(self.settings), base=found.base)
        return found.ranges

    def _stored_plan(self) -> tuple[CpfRange, ...] | None:
        """Return the plan of a run that is gone on with; without a whole one, all that was cut by it is dropped."""
        try:
            plan = read_plan(self.lake, self.run.snapshot_id)
        except DataIntegrityError:
            plan = None
        if plan is None:
            self.lake.delete(scores_root(self.run.execucao_id))
            self.lake.delete(snapshot_root(self.run.snapshot_id))
        return plan

    def _work_ranges(self, ranges: Sequence[CpfRange]) -> RangeSummary:
        with self.times.measure("extrair, variaveis, pontuar"):
            self.progress.start("ranges: extract, features, score", len(ranges))
            artifact = ProgressArtifact("faixas", len(ranges))
            self.resumed = sum(stands(self.lake, self.run.scores_path(cpf_range.index)) for cpf_range in ranges)
            work = trying_again(score_ranges, self.settings)
            futures = {work.submit(self.run, indexes): len(indexes) for indexes in group_ranges(len(ranges))}
            total = RangeSummary()
            for future in as_completed(list(futures)):
                total += RangeSummary.from_json(future.result())
                self.progress.advance(futures[future])
                artifact.advance(futures[future])
            return total

    def _await_strays(self, strays: PrefectFuture[dict[str, Any]]) -> RangeSummary:
        with self.times.measure("avulsos"):
            self.progress.start("strays")
            return RangeSummary.from_json(strays.result())

    def _publish(self, ranges: Sequence[CpfRange], summary: RangeSummary) -> str:
        with self.times.measure("publicar"):
            self.progress.start("publish", len(ranges) + 1)
            info = RunInfo(
                execucao_id=self.run.execucao_id,
                data_referencia=self.run.as_of,
                modelo_versao=self.model.version,
                modelo_nome=self.model.points.name,
                horizonte_meses=self.model.points.horizon_months,
                textos=self.model.points.texts,
                calculado_em=datetime.now(UTC),
                modelo_sha256=self.model.points.sha256,
                modelo_descricao=self.model.description,
            )
            stage = trying_again(stage_scores, self.settings)
            consumers = summary.scores.scored + summary.scores.insufficient
            confirm_right(self.results, self.right)
            fingerprint = stage(self.run, info, len(ranges), consumers=consumers, progress=self.progress)
            self._record(summary, fingerprint)
            confirm_right(self.results, self.right)
            trying_again(switch_run, self.settings)(info)
            self._clear_lake()
            return fingerprint

    def _clear_lake(self) -> None:
        """Drop what no run needs: of runs beyond retention, given up or stopped, and what killed writers left."""
        now = datetime.now(UTC)
        ledger.abandon_stale_runs(self.results.engine, begun_before=now - RESUME_WITHIN, motivo=NEVER_RESUMED)
        self.results.publisher.retain(self.settings.retention_runs)

        def needed() -> tuple[ledger.Run, ...]:
            runs = ledger.list_runs(self.results.engine)
            stored = self.results.publisher.stored_runs()
            return tuple(run for run in runs if is_needed(run, stored, now=now, resume_within=RESUME_WITHIN))

        clear_lake(self.lake, lambda: {run.id for run in needed()}, now=now, training_within=RESUME_WITHIN)
        drop_changes(self.lake, needed())
        for root in (snapshot_root(self.run.snapshot_id), scores_root(self.run.execucao_id)):
            self.lake.drop_unfinished(root)

    def _record(self, summary: RangeSummary, fingerprint: str | None = None) -> None:
        clients = ledger.ClientCounts(
            extraidos=summary.extracted_clients,
            pontuados=summary.scores.scored,
            insuficientes=summary.scores.insufficient,
            rejeitados=summary.rejected_clients,
        )
        counts = {
            name: {"base": TABLES_BY_NAME[name].store.value, **counts.to_json()}
            for name, counts in summary.counts.items()
        }
        ledger.record_counts(
            self.results.engine, self.run.execucao_id, clients, contagens=counts, impressao=fingerprint
        )
