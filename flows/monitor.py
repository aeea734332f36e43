"""The monitoring flow: a published run held against what its model was trained on (docs/how-to/monitor-a-model.md).

The run's side was counted as it was scored and lies in the manifests of its ranges, so that nothing is computed
again. Outcomes, once they are known, are read range by range. Prefect carries ids, counts and figures only.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from prefect import flow
from prefect.futures import as_completed

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError, RunConflictError
from contracts.settings import SOURCE_SETTINGS, Settings
from flows.databases import reached_engine
from flows.flow_process import begin_flow, day_before_schedule
from flows.monitor_event import announce
from flows.monitor_outcome import MonitorOutcome
from flows.monitor_report import write_monitor_report
from flows.outcomes import LabelTerms, gather_outcomes
from flows.parameter_form import with_form
from flows.progress import show_progress
from flows.range_summary import RangeSummary
from flows.range_tasks import range_runner, trying_again
from flows.reference_date import check_reference_date
from flows.report_link import log_link, report_link
from flows.resources import open_lake
from flows.run_plan import RunIdentity, group_ranges, read_plan
from flows.withheld import values_withheld
from models.label import matures_on
from models.monitoring.drift import find_drift
from models.monitoring.observed_performance import ObservedPerformance, ScoreOutcomes, observe_performance
from models.monitoring.reference_distribution import DISTRIBUTION_FILE, ReferenceDistribution
from models.points.table import PointsTable
from models.registered_model import RegisteredModel, load_model, model_path
from stores.ledger import PUBLISHED, Run, get_run, run_in_force

MONITOR_SETTINGS = ("results_url",)
"""What must be set to monitor a run; the sources too, once its outcomes are known."""


@flow(name="monitor-model", task_runner=range_runner(), validate_parameters=True)
@with_form()
@values_withheld
def monitor_model(execucao_id: UUID | None = None, observed_until: date | None = None) -> dict[str, Any]:
    """Hold a published run against its model's training data; report, and emit an event of the level found.

    Parameters
    ----------
    execucao_id
        The run; the one in force when it is not given.
    observed_until
        Day by whose end outcomes are judged, if they are known by then; when it is not given, the day before the run
        was due, in São Paulo.

    Returns
    -------
    dict
        Level, figures and findings (``MonitorOutcome.to_json``).
    """
    settings = begin_flow()
    return monitor_run(settings, execucao_id, observed_until or day_before_schedule()).to_json()


def monitor_run(settings: Settings, execucao_id: UUID | None, observed_until: date) -> MonitorOutcome:
    """Do the monitoring inside a flow.

    Raises
    ------
    RunConflictError
        There is no such run, or it was never published.
    DataIntegrityError
        The model or the run's ranges are not in the lake, or are not of one model.
    """
    settings.require(*MONITOR_SETTINGS)
    check_reference_date(observed_until, datetime.now(UTC))
    with reached_engine(settings, "results_url") as results:
        run = _published_run(results, execucao_id)
    lake = open_lake(settings)
    model = load_model(lake, run.model_version)
    reference = ReferenceDistribution.from_json(lake.read_json(model_path(model.version), DISTRIBUTION_FILE))
    actual = run_distribution(lake, run)
    terms = label_terms(model, settings, observed_until)
    matures = matures_on(run.as_of, terms.horizon_months)
    observed = _observe(settings, lake, run, points=model.points, terms=terms) if matures <= observed_until else None
    outcome = MonitorOutcome(
        run=run,
        points=model.points,
        reference=reference,
        actual=actual,
        drift=find_drift(reference, actual, model.points.scale, observed=observed),
        matures_on=matures,
        observed_until=observed_until if observed else None,
        report=settings.var / "relatorios" / f"monitor-{run.execucao_id}.html",
    )
    write_monitor_report(outcome)
    link = report_link(settings, outcome.report)
    log_link(f"report on run {run.execucao_id}", link)
    announce(outcome, link)
    return outcome


def run_distribution(lake: ArtifactStore, run: RunIdentity) -> ReferenceDistribution:
    """Return the rows of a run by its model's cells, with what was refused, from the manifests of its ranges."""
    total = ReferenceDistribution()
    for cpf_range in _planned(lake, run):
        manifest = lake.read_manifest(run.scores_path(cpf_range.index))
        if manifest is None:
            raise DataIntegrityError(f"{run.scores_path(cpf_range.index)}: not in the lake")
        summary = RangeSummary.from_json(manifest.meta.get("resumo"))
        total += summary.distribution + ReferenceDistribution(counts=summary.counts)
    return total


def label_terms(model: RegisteredModel, settings: Settings, observed_until: date) -> LabelTerms:
    """Return what makes a default: as the model's training said, or as the settings say where it did not."""
    min_debt_cents = int(model.training.get("divida_minima_centavos", settings.min_debt_cents))
    return LabelTerms(observed_until, model.points.horizon_months, min_debt_cents)


def _observe(
    settings: Settings, lake: ArtifactStore, run: RunIdentity, *, points: PointsTable, terms: LabelTerms
) -> ObservedPerformance | None:
    settings.require(*SOURCE_SETTINGS)
    ranges = _planned(lake, run)
    total = ScoreOutcomes()
    with show_progress() as progress:
        progress.start("ranges: outcomes", len(ranges))
        work = trying_again(gather_outcomes, settings)
        futures = {work.submit(run, terms, indexes): len(indexes) for indexes in group_ranges(len(ranges))}
        for future in as_completed(list(futures)):
            total += ScoreOutcomes.from_json(future.result())
            progress.advance(futures[future])
        progress.finish()
    return observe_performance(total, points.scale)


def _planned(lake: ArtifactStore, run: RunIdentity) -> tuple[Any, ...]:
    planned = read_plan(lake, run.snapshot_id)
    if planned is None:
        raise DataIntegrityError(f"run {run.execucao_id}: its ranges are no longer in the lake")
    return planned


def _published_run(results: sa.Engine, execucao_id: UUID | None) -> RunIdentity:
    run: Run | None = run_in_force(results) if execucao_id is None else get_run(results, execucao_id)
    if run is None:
        raise RunConflictError(
            "no run is published: `escore run` makes one" if execucao_id is None else f"there is no run {execucao_id}"
        )
    if run.situacao not in PUBLISHED:
        raise RunConflictError(f"run {run.id} was never published: it is {run.situacao}")
    return RunIdentity(run.id, run.data_referencia, run.modelo_versao)
