"""Whether the simulated schedule is the real one: a measured Dask run of one worker and of two beside its simulation.

    python -m benchmarks.schedule_check var/bancada-dask --consumers 500000 --repeat 3

As in ``benchmarks.dask_workers``: the nightly run's tasks over a lake's snapshot, through Prefect on Dask, no stores.
Each task tells when it began and ended, and in which worker. What lies between a worker's tasks is a task's overhead.
The run of two workers is simulated from its ranges' own seconds, in the order in which they went out: with its own mean
overhead, and with that of the run of *one* worker, which foretells it only where the machine was as busy in both.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.dask_workers import prefect_server
from benchmarks.lake_snapshot import RANGE_SIZE, RUN, SnapshotSize, obtain_snapshot
from benchmarks.range_schedule import Cluster, RangeCosts, simulate
from benchmarks.score_lake import obtain_points, score_ranges
from contracts.artifacts import ArtifactStore
from flows.run_plan import group_ranges, scores_root

TaskTimes: TypeAlias = tuple[int, int, float, float]
"""Of a task: its range, the worker's process, when it began and ended."""


@dataclass(frozen=True)
class MeasuredRun:
    """One run: seconds from the first task's submission to the last's end, of each range, and between a worker's."""

    workers: int
    makespan: float
    ranges: tuple[float, ...]
    overhead: float


def measure(root: str, ranges: int, workers: int, folder: Path) -> MeasuredRun:
    """Score all ranges, a task each, on so many workers that are up and warm."""
    from prefect import flow, task  # noqa: PLC0415 - reads its server's address when first imported
    from prefect.cache_policies import NO_CACHE  # noqa: PLC0415
    from prefect.futures import as_completed  # noqa: PLC0415

    from contracts.settings import Settings  # noqa: PLC0415
    from flows.dask_runner import RangeRunner, local_cluster  # noqa: PLC0415

    @task(cache_policy=NO_CACHE, persist_result=False)
    def score_group(root: str, indexes: list[int]) -> TaskTimes:
        began = time.monotonic()
        if indexes:
            score_ranges(root, indexes)
        return (indexes or [0])[0], os.getpid(), began, time.monotonic()

    @flow
    def score_all() -> MeasuredRun:
        for future in [score_group.submit(root, []) for _ in range(4 * workers)]:
            future.result()
        started = time.monotonic()
        groups = group_ranges(ranges)
        assert len(groups) == ranges, "a task must hold one range, for its seconds to be the range's"
        done = [future.result() for future in as_completed([score_group.submit(root, group) for group in groups])]
        return as_measured(workers, started, sorted(done))

    options = local_cluster(Settings(workers=workers, var=folder)) | {"n_workers": workers}
    return score_all.with_options(task_runner=RangeRunner(cluster_kwargs=options))()


def as_measured(workers: int, started: float, tasks: list[TaskTimes]) -> MeasuredRun:
    """Return a run from its tasks' times; all processes of a machine share the clock."""
    gaps = []
    for process in sorted({task[1] for task in tasks}):
        own = sorted((began, ended) for _, worker, began, ended in tasks if worker == process)
        gaps += [began - before for (_, before), (began, _) in pairwise([(started, started), *own])]
    seconds = tuple(ended - began for _, _, began, ended in tasks)
    return MeasuredRun(workers, max(task[3] for task in tasks) - started, seconds, float(np.mean(gaps)))


def replay(run: MeasuredRun, task_overhead: float) -> float:
    """Return the makespan of a run as simulated from its ranges' own seconds."""
    mean = float(np.mean(run.ranges))
    ratios = [seconds / mean for seconds in run.ranges]
    return simulate(RangeCosts(0.0, mean), ratios, Cluster(run.workers, task_overhead)).makespan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", type=Path, nargs="?", default=Path("var/bancada-dask"))
    parser.add_argument("--consumers", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    size = SnapshotSize(options.consumers, RANGE_SIZE)
    lake = obtain_snapshot(options.lake, size, workers=os.cpu_count() or 1)
    obtain_points(lake)
    with prefect_server(), tempfile.TemporaryDirectory(prefix="escore-dask-") as folder:
        for _ in range(options.repeat):
            one, two = (_measure_anew(lake, size.ranges, workers, Path(folder)) for workers in (1, 2))
            print_round(one, two)


def _measure_anew(lake: ArtifactStore, ranges: int, workers: int, folder: Path) -> MeasuredRun:
    lake.delete(scores_root(RUN.execucao_id))
    return measure(lake.root, ranges, workers, folder)


def print_round(one: MeasuredRun, two: MeasuredRun) -> None:
    own, foretold = replay(two, two.overhead), replay(two, one.overhead)
    print(
        f"{len(one.ranges)} ranges, load {os.getloadavg()[0]:.1f}: one worker {one.makespan:.2f} s,"
        f" {1000 * np.mean(one.ranges):.0f} ms a range, {1000 * one.overhead:.0f} ms between; two workers"
        f" {two.makespan:.2f} s, {1000 * np.mean(two.ranges):.0f} and {1000 * two.overhead:.0f} ms; simulated with"
        f" their own overhead {own:.2f} s ({own / two.makespan - 1:+.1%}), with one worker's {foretold:.2f} s"
        f" ({foretold / two.makespan - 1:+.1%})",
        flush=True,
    )


if __name__ == "__main__":
    main()
