"""The tasks of the nightly run: each opens its own connections, so that it can run in any worker.

They take ids, dates, versions and range numbers only; what is personal they read from the stores or the lake.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from prefect import task

from contracts.errors import DataIntegrityError
from contracts.settings import RANGE_SETTINGS, load_settings
from extract.extraction import extract_strays
from extract.lake import read_extraction, write_extraction
from flows.progress import StepProgress
from flows.range_base import open_base
from flows.range_summary import RangeSummary
from flows.range_tasks import IO_TASK
from flows.range_work import SCORES_FILE, RangeWork, work_ranges
from flows.resources import open_lake, open_results, open_sources
from flows.run_plan import RunIdentity, read_plan
from flows.withheld import values_withheld
from models.registry import load_model
from serve.published.run_info import RunInfo
from serve.publishing.content_digest import ContentDigest


@task(name="faixas", **IO_TASK)
@values_withheld
def score_ranges(run: RunIdentity, indexes: list[int]) -> dict[str, Any]:
    """Work on some ranges of a run, with connections of its own; return their summary as JSON.

    SettingsError if this process could not know who was erased; DataIntegrityError if the plan is not in the lake: the
    worker's lake is not the run's.
    """
    settings = load_settings().require(*RANGE_SETTINGS)
    lake = open_lake(settings)
    planned = read_plan(lake, run.snapshot_id)
    if planned is None:
        raise DataIntegrityError(f"run {run.execucao_id}: its plan is not in this worker's lake, {lake.root}")
    with open_sources(settings) as sources:
        work = RangeWork(run, sources, lake, load_model(lake, run.model_version).points, open_base(lake, run))
        return work_ranges(work, [planned[index] for index in indexes]).to_json()


@task(name="avulsos", **IO_TASK)
@values_withheld
def score_strays(run: RunIdentity) -> dict[str, Any]:
    """Refuse the records that no CPF range returns; return their counts as a summary in JSON."""
    settings = load_settings().require(*RANGE_SETTINGS)
    lake = open_lake(settings)
    base = open_base(lake, run)
    with open_sources(settings) as sources:
        if base is None:
            extraction = extract_strays(sources, as_of=run.as_of)
        else:
            extraction = base.refresh_strays(sources, as_of=run.as_of)
    write_extraction(lake, run.snapshot_id, None, extraction, as_of=run.as_of)
    return RangeSummary(counts=extraction.counts).to_json()


@task(name="publicar", **IO_TASK)
@values_withheld
def stage_scores(run: RunIdentity, info: RunInfo, range_count: int, *, consumers: int, progress: StepProgress) -> str:
    """Stage every range's scores and rejects in PostgreSQL and Redis; return the content's fingerprint."""
    settings = load_settings()
    lake = open_lake(settings)
    digest = ContentDigest()
    with open_results(settings) as results:
        publisher = results.publisher

        def read_ranges() -> Iterator[pa.Table]:
            for index in range(range_count):
                scores = lake.read_table(run.scores_path(index), SCORES_FILE)
                digest.update(scores)
                publisher.stage_rejects(read_extraction(lake, run.snapshot_id, index, tables=()).rejects)
                yield scores
                progress.advance()

        publisher.begin(info, consumers=consumers)
        publisher.stage_all(read_ranges())
        publisher.stage_rejects(read_extraction(lake, run.snapshot_id, None, tables=()).rejects)
    return digest.hexdigest()


@task(name="trocar", **IO_TASK)
@values_withheld
def switch_run(info: RunInfo) -> None:
    """Make a staged run the one that readers see, in PostgreSQL and then in Redis."""
    with open_results(load_settings()) as results:
        results.publisher.switch(info)
