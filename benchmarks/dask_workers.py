"""A snapshot scored through Prefect on Dask by one single-threaded worker and by two: the ratio of their times.

    python -m benchmarks.dask_workers var/bancada --consumers 500000 --repeat 5

The same tasks, lake and bytes as the nightly run's, without stores. The snapshot is written once (``lake_snapshot``)
and kept. Each repetition times one worker and two, one after the other, on clusters that are up and warm (a task each
before the clock starts), from the first task's submission to the last summary. A Prefect server runs beside them, as
in a night. What else the machine does shows in the spread: its least, median and greatest are printed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

from benchmarks.lake_snapshot import RANGE_SIZE, RUN, SnapshotSize, obtain_snapshot
from benchmarks.score_lake import obtain_points, score_ranges
from flows.run_plan import group_ranges, scores_root
from stores.embedded.processes import free_port

BAR = 1.6
UP_WITHIN_SECONDS = 300


@contextmanager
def prefect_server() -> Iterator[None]:
    """Run a Prefect server of this benchmark's own, unless one is named, for this process and its workers."""
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="escore-prefect-") as home:
        port = free_port()
        os.environ |= {
            "PREFECT_HOME": home,
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "ERROR",
            "DASK_LOGGING__DISTRIBUTED": "error",
        }
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}/api"
            await_answer(f"{address}/health")
            os.environ["PREFECT_API_URL"] = address
            yield
        finally:
            server.terminate()
            server.wait()


def await_answer(url: str) -> None:
    deadline = time.monotonic() + UP_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError(url)


def measure(root: str, ranges: int, workers: int, folder: Path) -> tuple[float, str]:
    """Return the seconds that a cluster of so many workers takes for all ranges, and a digest of what it left."""
    from prefect import flow, task  # noqa: PLC0415 - reads its server's address when first imported
    from prefect.cache_policies import NO_CACHE  # noqa: PLC0415
    from prefect.futures import as_completed  # noqa: PLC0415

    from contracts.settings import Settings  # noqa: PLC0415
    from flows.dask_runner import RangeRunner, local_cluster  # noqa: PLC0415

    @task(cache_policy=NO_CACHE, persist_result=False)
    def score_group(root: str, indexes: list[int]) -> int:
        return len(indexes) if not indexes else score_ranges(root, indexes).ranges

    @flow
    def score_all() -> float:
        for future in [score_group.submit(root, []) for _ in range(4 * workers)]:
            future.result()
        started = time.perf_counter()
        futures = [score_group.submit(root, indexes) for indexes in group_ranges(ranges)]
        done = sum(future.result() for future in as_completed(futures))
        assert done == ranges
        return time.perf_counter() - started

    options = local_cluster(Settings(workers=workers, var=folder)) | {"n_workers": workers}
    return score_all.with_options(task_runner=RangeRunner(cluster_kwargs=options))(), digest_of(root, ranges)


def digest_of(root: str, ranges: int) -> str:
    """Return one digest over the files of every range's scores."""
    from contracts.artifacts import ArtifactStore  # noqa: PLC0415

    lake = ArtifactStore(root)
    return "".join(lake.verify(RUN.scores_path(index)).digest for index in range(ranges))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", type=Path, nargs="?", default=Path("var/bancada-dask"))
    parser.add_argument("--consumers", type=int, default=200_000)
    parser.add_argument("--range-size", type=int, default=RANGE_SIZE)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    size = SnapshotSize(options.consumers, options.range_size)
    lake = obtain_snapshot(options.lake, size, workers=os.cpu_count() or 1)
    obtain_points(lake)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    digests: set[str] = set()
    with prefect_server(), tempfile.TemporaryDirectory(prefix="escore-dask-") as folder:
        for _ in range(options.repeat):
            for workers, measured in seconds.items():
                lake.delete(scores_root(RUN.execucao_id))
                taken, digest = measure(lake.root, size.ranges, workers, Path(folder))
                measured.append(taken)
                digests.add(digest)
    print_result(size, seconds, same=len(digests) == 1)


def print_result(size: Any, seconds: dict[int, list[float]], *, same: bool) -> None:
    print(f"{size.consumers:,} consumers in {size.ranges} ranges, load {os.getloadavg()[0]:.1f}")
    print(f"{'workers':>8} {'least s':>9} {'median s':>9} {'most s':>9} {'consumers/s':>12}")
    for workers, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{workers:>8} {min(taken):>9.2f} {median:>9.2f} {max(taken):>9.2f} {size.consumers / median:>12,.0f}")
    one, two = (statistics.median(taken) for taken in seconds.values())
    print(f"one worker / two workers = {one / two:.2f} (bar: {BAR}); same bytes from all runs: {same}")


if __name__ == "__main__":
    main()
