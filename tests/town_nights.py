"""Nights of the small town in tests/incremental_samples.py: extracted, scored and published, without Prefect."""

from __future__ import annotations

from datetime import UTC, datetime

from contracts.settings import Settings
from extract.extraction import extract_strays
from extract.lake import write_extraction
from extract.partitions import plan_ranges
from flows.base_snapshot import find_base, origin_of
from flows.changes import stage_changes
from flows.range_base import open_base
from flows.range_work import SCORES_FILE, RangeWork, work_ranges
from flows.resources import open_lake, open_results, open_sources
from flows.run_plan import RunIdentity, write_plan
from serve.published.run_info import RunInfo
from serve.publishing.content_digest import ContentDigest
from stores import ledger
from stores.run_ids import new_run_id
from tests.incremental_samples import START
from tests.model_samples import crossed_table

POINTS = crossed_table()


def publish(settings: Settings, *, incremental: bool) -> tuple[str, dict[str, int]]:
    """Do what a night does, without Prefect; return the content's digest and the records ignored as erased."""
    lake = open_lake(settings)
    with open_results(settings) as results, open_sources(settings) as sources:
        run = RunIdentity(new_run_id(datetime.now(UTC)), START, "m")
        found = find_base(settings, lake, results.engine) if incremental else None
        ledger.open_run(results.engine, execucao_id=run.execucao_id, data_referencia=START, modelo_versao="m")
        ranges = plan_ranges(sources.base_a, range_size=3, erased=sources.erased) if found is None else found.ranges
        if found is not None:
            assert found.base is not None, found.reason
            stage_changes(lake, sources, run, found)
        base = None if found is None else found.base
        write_plan(lake, run.snapshot_id, ranges, origin=origin_of(settings), base=base)
        work = RangeWork(run, sources, lake, POINTS, open_base(lake, run))
        strays = (
            extract_strays(sources, as_of=START)
            if work.base is None
            else work.base.refresh_strays(sources, as_of=START)
        )
        write_extraction(lake, run.snapshot_id, None, strays, as_of=START)
        summary = work_ranges(work, ranges)
        now = datetime.now(UTC)
        info = RunInfo(run.execucao_id, START, "m", POINTS.name, 12, POINTS.texts, now, POINTS.sha256, "# d\n")
        results.publisher.begin(info, consumers=10)
        digest = ContentDigest()
        for one in ranges:
            scores = lake.read_table(run.scores_path(one.index), SCORES_FILE)
            digest.update(scores)
            results.publisher.stage(scores)
        results.publisher.switch(info)
    ignored: dict[str, int] = {}
    for counts in (summary.counts, strays.counts):
        for name, one in counts.items():
            ignored[name] = ignored.get(name, 0) + one.ignored.get("titular_apagado", 0)
    return digest.hexdigest(), ignored
