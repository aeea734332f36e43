"""Our own step over the same snapshot, by the functions that a run itself calls, two ranges at once as a run does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.lake_snapshot import MODEL_VERSION, RUN, RUN_ID
from benchmarks.peers.night.snapshot import Night
from contracts.artifacts import ArtifactStore
from extract.lake import read_extraction
from extract.sources import Sources
from features.build import build_features, declared_columns
from flows.range_tasks import DEFAULT_WORKERS
from flows.range_work import FEATURES_FILE, SCORES_FILE, RangeWork, work_ranges
from flows.run_plan import RunIdentity, read_plan, scores_root
from models.points.table import PointsTable

NO_STORES = cast(Sources, None)
"""Every range stands in the lake, so that no store is asked."""


def write_scores(night: Night, points: PointsTable) -> None:
    """Do the whole step of a run from the lake: verify, features, score, reasons, what the gates and monitors need."""
    lake = ArtifactStore(night.lake)
    lake.delete(scores_root(RUN_ID))
    work = RangeWork(_run(night), NO_STORES, lake, points)
    ranges = read_plan(lake, RUN.snapshot_id)
    assert ranges is not None
    in_threads(lambda index: work_ranges(work, [ranges[index]]), len(ranges))


def write_features(night: Night, folder: Path) -> None:
    """Write the features alone, one Parquet file a range."""
    lake = ArtifactStore(night.lake)
    folder.mkdir(parents=True, exist_ok=True)

    def work(index: int) -> None:
        extraction = read_extraction(lake, RUN.snapshot_id, index, columns=declared_columns())
        pq.write_table(build_features(extraction.tables, night.as_of, threads=1), folder / f"{index:05d}.parquet")

    in_threads(work, night.ranges)


def read_result(night: Night, index: int) -> tuple[pa.Table, pa.Table]:
    """Return features and scores that ``write_scores`` left of one range."""
    lake, path = ArtifactStore(night.lake), _run(night).scores_path(index)
    return lake.read_table(path, FEATURES_FILE), lake.read_table(path, SCORES_FILE)


def read_results(night: Night) -> tuple[pa.Table, pa.Table]:
    """Return features and scores that ``write_scores`` left, all ranges together."""
    features, scores = zip(*(read_result(night, index) for index in range(night.ranges)), strict=True)
    return pa.concat_tables(features), pa.concat_tables(scores)


def in_threads(work: Callable[[int], object], ranges: int) -> None:
    """Work on every range, as many at once as a run does."""
    with ThreadPoolExecutor(DEFAULT_WORKERS) as pool:
        for _ in pool.map(work, range(ranges)):
            pass


def _run(night: Night) -> RunIdentity:
    return RunIdentity(RUN_ID, night.as_of, MODEL_VERSION)
