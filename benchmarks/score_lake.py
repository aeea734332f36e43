"""From the lake to scores in the lake: every range read, its features, points and reasons, as the nightly run does it.

    python -m benchmarks.score_lake --consumers 500000 1000000 2000000 [--kind processes] [--workers 2] [--repeat 5]

Snapshots are written once (``lake_snapshot``) and kept, below ``var/bancada``. Every repetition is a process of its own
that begins with nothing imported: wall and CPU from its start to its end, peak memory of it and all its children
together. The model has a term on every feature of the catalog, which is more than a trained one. Medians are shown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from benchmarks.lake_snapshot import AS_OF, MEAN_EVENTS, RANGE_SIZE, RUN, SEED, SnapshotSize, obtain_snapshot
from contracts.artifacts import ArtifactStore
from contracts.canonical_json import canonical_json
from contracts.feature_terms import InputType, RiskDirection
from extract.lake import read_extraction
from extract.sources import Sources
from features.build import build_features
from features.catalog import FEATURES
from flows.range_summary import RangeSummary
from flows.range_work import RangeWork, work_ranges
from flows.run_plan import group_ranges, read_plan, scores_root
from models.points.document import parse_points_table
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term

LAKES = Path("var/bancada")
MODEL_FILE = "modelo.json"
BINS = 12
LARGEST_POINTS = 24
SAMPLE_SECONDS = 0.05
MIB = 2**20
STEPS = {"extrair": "read", "variaveis": "features", "pontuar": "points", "resumir": "summary"}
_NO_SOURCES = Sources(None, None, None)
"""A whole snapshot is never read from the stores again; were one not whole, the run would fail here."""


def make_points(table: pa.Table, *, seed: int = 1) -> PointsTable:
    """Return a model with a term on every feature, cut at its quantiles in ``table``, monotone where declared."""
    rng = np.random.default_rng(seed)
    terms = []
    for feature in FEATURES:
        column = table[feature.name].drop_null()
        if feature.dtype == "text":
            values = sorted(set(column.to_pylist()))
            axis = Axis(feature.name, InputType.CATEGORY, groups=tuple((value,) for value in values))
        else:
            cuts = np.unique(np.quantile(column.to_numpy(), np.linspace(0, 1, BINS + 1)[1:-1]))
            axis = Axis(feature.name, InputType.NUMBER, feature.direction, edges=tuple(cuts.tolist()))
        terms.append(Term(feature.code, (axis,), _cell_points(axis, rng), "texto", "texto"))
    return PointsTable("bancada", 12, ScoreScale(), 600, tuple(terms))


def _cell_points(axis: Axis, rng: np.random.Generator) -> tuple[int, ...]:
    points = rng.integers(-LARGEST_POINTS, LARGEST_POINTS, axis.cells)
    rising = np.sort(points[: axis.bins])
    if axis.direction is RiskDirection.LESS_RISK:
        points[: axis.bins] = rising
    elif axis.direction is RiskDirection.MORE_RISK:
        points[: axis.bins] = rising[::-1]
    return tuple(points.tolist())


def obtain_points(lake: ArtifactStore) -> PointsTable:
    """Return the model kept beside the lake, made from its first range if there is none."""
    path = Path(lake.root) / MODEL_FILE
    if not path.exists():
        tables = read_extraction(lake, RUN.snapshot_id, 0).tables
        path.write_bytes(canonical_json(make_points(build_features(tables, AS_OF)).to_json()))
    return parse_points_table(path.read_bytes())


def score_lake(lake: ArtifactStore, workers: int, kind: str) -> RangeSummary:
    """Return the summary of all ranges after scoring each; no store is reached, for the snapshot is whole."""
    planned = read_plan(lake, RUN.snapshot_id)
    assert planned is not None
    obtain_points(lake)
    work = partial(score_ranges, lake.root)
    groups = group_ranges(len(planned))
    if workers == 1:
        return sum(map(work, groups), RangeSummary())
    with _executor(workers, kind) as pool:
        return sum(pool.map(work, groups), RangeSummary())


def score_ranges(root: str, indexes: Sequence[int]) -> RangeSummary:
    """Score some ranges as one task of the nightly run does."""
    lake = ArtifactStore(root)
    planned = read_plan(lake, RUN.snapshot_id)
    assert planned is not None
    work = RangeWork(RUN, _NO_SOURCES, lake, obtain_points(lake))
    return work_ranges(work, [planned[index] for index in indexes])


def _executor(workers: int, kind: str) -> Executor:
    if kind == "threads":
        return ThreadPoolExecutor(workers)
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


@dataclass(frozen=True)
class Measured:
    """One repetition: seconds of wall and CPU from start to end, peak bytes of all its processes, seconds by step."""

    wall: float
    cpu: float
    peak: int
    steps: Mapping[str, float]
    scored: int


def measure(lake: ArtifactStore, workers: int, kind: str) -> Measured:
    """Score the lake in a process of its own and return what it took."""
    lake.delete(scores_root(RUN.execucao_id))
    module = [sys.executable, "-m", "benchmarks.score_lake"]
    command = [*module, lake.root, "--once", "--workers", str(workers), "--kind", kind]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = _watch(process)
        assert process.stdout is not None
        said = process.stdout.read()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"scoring failed: {process.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    body = json.loads(said)
    return Measured(wall, cpu, peak, body["seconds"], body["consumers"])


def _watch(process: subprocess.Popen[str]) -> int:
    """Return the peak of the resident memory of a process and its descendants, added up, until it ends."""
    root, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        together = 0
        for one in [root, *_descendants(root)]:
            with suppress(psutil.NoSuchProcess):
                together += one.memory_info().rss
        peak = max(peak, together)
        time.sleep(SAMPLE_SECONDS)
    return peak


def _descendants(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _tell(lake: ArtifactStore, workers: int, kind: str) -> None:
    summary = score_lake(lake, workers, kind)
    consumers = summary.scores.scored + summary.scores.insufficient
    print(json.dumps({"seconds": dict(summary.seconds), "consumers": consumers}))


def _report(size: SnapshotSize, runs: Sequence[Measured]) -> Measured:
    assert {run.scored for run in runs} == {size.consumers}
    middle = Measured(
        statistics.median(run.wall for run in runs),
        statistics.median(run.cpu for run in runs),
        int(statistics.median(run.peak for run in runs)),
        {step: statistics.median(run.steps[step] for run in runs) for step in runs[0].steps},
        size.consumers,
    )
    steps = "; ".join(
        f"{STEPS.get(step, step)} {seconds:.1f} s, {size.consumers / seconds:,.0f}/s"
        for step, seconds in middle.steps.items()
    )
    print(
        f"{size.consumers:>10,} consumers: wall {middle.wall:6.2f} s ({min(r.wall for r in runs):.2f} to"
        f" {max(r.wall for r in runs):.2f}), CPU {middle.cpu:6.2f} s, peak {middle.peak / MIB:,.0f} MiB,"
        f" {size.consumers / middle.wall:,.0f} consumers/s\n{'':11}by step, seconds of all workers: {steps}",
        flush=True,
    )
    return middle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", type=Path, nargs="?", default=LAKES, help="folder of lakes; with --once, one lake")
    parser.add_argument("--kind", choices=("processes", "threads"), default="threads")
    parser.add_argument("--consumers", type=int, nargs="+", default=[100_000])
    parser.add_argument("--events", type=float, default=MEAN_EVENTS)
    parser.add_argument("--range-size", type=int, default=RANGE_SIZE)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--once", action="store_true", help="score one lake and say what was done")
    args = parser.parse_args()
    if args.once:
        _tell(ArtifactStore(args.lake), args.workers, args.kind)
        return
    print(f"{args.workers} {args.kind}, ranges of {args.range_size:,}, medians of {args.repeat}", flush=True)
    sizes = [SnapshotSize(consumers, args.range_size, args.events, SEED) for consumers in args.consumers]
    lakes = [obtain_snapshot(args.lake / f"{s.consumers}-{s.range_size}", s, workers=args.workers) for s in sizes]
    for lake in lakes:
        obtain_points(lake)
    found: dict[int, list[Measured]] = {size.consumers: [] for size in sizes}
    for _ in range(args.repeat):
        for size, lake in zip(sizes, lakes, strict=True):
            found[size.consumers].append(measure(lake, args.workers, args.kind))
    medians = [_report(size, found[size.consumers]) for size in sizes]
    if len(medians) > 1:
        wall, peak = medians[-1].wall / medians[0].wall, medians[-1].peak / medians[0].peak
        print(f"from {sizes[0].consumers:,} to {sizes[-1].consumers:,}: {wall:.2f} times the wall, {peak:.2f} the peak")


if __name__ == "__main__":
    main()
