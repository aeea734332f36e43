"""The training flow: sample the population, build features and labels of several dates, train, decide, register.

A new model comes into force only if the gate lets it (``models.training.takeover``); else the one before stays, and
the model is registered with the reasons. The snapshot that a training is made from is personal data and is removed
when the training ends; hashes of what was learnt from stay in the model's record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.futures import as_completed

from contracts.artifacts import ArtifactStore
from contracts.extraction import CpfRange
from contracts.settings import SOURCE_SETTINGS, Settings, load_settings
from extract.partitions import plan_ranges
from flows.flow_process import begin_flow, day_before_schedule
from flows.lake_retention import TRAINING_PREFIX
from flows.model_report import render_model_report
from flows.parameter_form import Bounds, with_form
from flows.progress import StepProgress, show_progress
from flows.range_tasks import IO_TASK, range_runner, trying_again
from flows.reference_date import check_consumers_known, check_debts_known, check_reference_date
from flows.resources import open_lake, open_sources
from flows.run_plan import group_ranges, read_plan, snapshot_root, write_plan
from flows.training_outcome import find_incumbent, put_in_force, tell_figures, tell_verdict
from flows.training_samples import (
    AGE_FEATURE,
    TrainingSnapshot,
    model_inputs,
    read_counts,
    read_protected,
    read_sample,
    sample_range,
    sample_ranges,
)
from flows.withheld import values_withheld
from models.registry import REPORT_FILE, load_model, preview_model, register_model
from models.training.dates import DEFAULT_TRAINING_DATES, plan_training_dates
from models.training.train import Incumbent, TrainedModel, TrainingData, TrainingOptions, train_scorecard
from stores.run_ids import new_run_id

MOST_TRAINING_DATES = 24


@flow(name="train-model", task_runner=range_runner(), validate_parameters=True)
@with_form(dates=Bounds(1, MOST_TRAINING_DATES))
@values_withheld
def train_model(as_of: date | None = None, dates: int = DEFAULT_TRAINING_DATES, promote: bool = True) -> dict[str, Any]:
    """Train on ``dates`` past dates whose labels are known by ``as_of``, judge on later ones, register, decide.

    Parameters
    ----------
    as_of
        The day whose knowledge the training uses; labels need the horizon plus 90 days before it. When it is not given,
        the day before the run was due, in São Paulo.
    dates
        Number of past reference dates to train on, three months apart.
    promote
        Put the new model in force, if the gate lets it take over.

    Returns
    -------
    dict
        The model's version, whether it is in force, why not if the gate refused it, and its figures out of time.
    """
    settings = begin_flow().require(*SOURCE_SETTINGS)
    as_of = as_of or day_before_schedule()
    check_reference_date(as_of, datetime.now(UTC))
    planned = plan_training_dates(as_of, horizon_months=settings.horizon_months, dates=dates)
    latest = planned.training[-1]
    check_consumers_known(settings, latest, why=f"the latest date that a training as of {as_of} can learn from")
    check_debts_known(settings, as_of)
    lake = open_lake(settings)
    snapshot = TrainingSnapshot(f"{TRAINING_PREFIX}{new_run_id(datetime.now(UTC))}", as_of, planned)
    try:
        with show_progress() as progress:
            indexes = _gather(settings, lake, snapshot, progress)
            incumbent = find_incumbent(lake)
            trained = _train(settings, lake, snapshot, indexes=indexes, incumbent=incumbent, progress=progress)
            progress.start("report and register")
            version = register_model(lake, trained, pages=_pages(trained), when=datetime.now(UTC))
            progress.finish()
    finally:
        lake.delete(snapshot_root(snapshot.snapshot_id))
        lake.delete(f"training/{snapshot.snapshot_id}")
    registered = load_model(lake, version)
    in_force = promote and put_in_force(lake, registered, why=f"trained as of {as_of}", when=datetime.now(UTC))
    create_markdown_artifact(registered.card, key="modelo", description=f"modelo {version}")
    return {"versao": version, "vigente": in_force, **tell_verdict(registered), **tell_figures(trained)}


def _pages(trained: TrainedModel) -> dict[str, bytes]:
    return {REPORT_FILE: render_model_report(preview_model(trained)).encode()}


def _gather(
    settings: Settings, lake: ArtifactStore, snapshot: TrainingSnapshot, progress: StepProgress
) -> tuple[int, ...]:
    """Leave the samples of all chosen ranges in the lake; return the ranges' indexes."""
    with open_sources(settings) as sources:
        ranges = plan_ranges(sources.base_a, range_size=settings.range_size, erased=sources.erased)
    chosen = sample_ranges(ranges, range_size=settings.range_size, clients=settings.training_clients)
    write_plan(lake, snapshot.snapshot_id, chosen)
    progress.start("ranges: extract, features, labels", len(chosen))
    gather = trying_again(gather_samples, settings)
    futures = {gather.submit(snapshot, places): len(places) for places in group_ranges(len(chosen))}
    for future in as_completed(list(futures)):
        future.result()
        progress.advance(futures[future])
    return tuple(cpf_range.index for cpf_range in chosen)


def _train(  # noqa: PLR0913 - where the samples are, what to compare with, whom to tell
    settings: Settings,
    lake: ArtifactStore,
    snapshot: TrainingSnapshot,
    *,
    indexes: Sequence[int],
    incumbent: Incumbent | None,
    progress: StepProgress,
) -> TrainedModel:
    progress.start("read the samples")
    where = (lake, snapshot.snapshot_id)
    training, later = (
        [read_sample(*where, as_of, indexes) for as_of in dates]
        for dates in (snapshot.dates.training, snapshot.dates.validation)
    )
    data = TrainingData(
        training,
        later,
        snapshot.observed_until,
        protected=read_protected(*where, indexes),
        age_column=AGE_FEATURE,
        table_counts=read_counts(*where, indexes),
    )
    options = replace(TrainingOptions(), horizon_months=settings.horizon_months, min_debt_cents=settings.min_debt_cents)
    return train_scorecard(data, model_inputs(), options=options, incumbent=incumbent, report=progress.start)


@task(name="amostras", **IO_TASK)
@values_withheld
def gather_samples(snapshot: TrainingSnapshot, places: list[int]) -> None:
    """Extract some of the planned ranges and leave their features and labels in the lake."""
    settings = load_settings()
    lake = open_lake(settings)
    planned: tuple[CpfRange, ...] = read_plan(lake, snapshot.snapshot_id) or ()
    with open_sources(settings) as sources:
        for place in places:
            sample_range(settings, lake, snapshot, sources=sources, cpf_range=planned[place])
