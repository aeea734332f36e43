"""The features of one CPF range by columns, beside one DuckDB query of the same declared SQL: CPU, and every bit equal.

    python -m benchmarks.range_features var/bancada/100000-10000 [--ranges 10] [--rounds 5] [--plain]

The lake is one of ``lake_snapshot``; what is timed begins with a range's tables in memory and ends with its feature
table, on one thread, in alternating rounds. ``--plain`` reads texts whole instead of coded by dictionary.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pyarrow as pa

from benchmarks.lake_snapshot import AS_OF, RUN
from contracts.artifacts import ArtifactStore
from extract.lake import read_extraction
from features.build import build_features, declared_columns, query_features
from flows.run_plan import read_plan

Tables = Mapping[str, pa.Table]
WAYS: dict[str, Callable[[Tables], pa.Table]] = {
    "by columns": partial(build_features, as_of=AS_OF, threads=1),
    "one query": partial(query_features, as_of=AS_OF, threads=1),
}


def read_range(lake: ArtifactStore, index: int, *, plain: bool) -> Tables:
    """Return the declared columns of a range, as a run reads them."""
    columns = declared_columns()
    if not plain:
        return read_extraction(lake, RUN.snapshot_id, index, columns=columns).tables
    tables = read_extraction(lake, RUN.snapshot_id, index).tables
    return {name: tables[name].select(list(names)) for name, names in columns.items()}


def time_range(tables: Tables, rounds: int) -> dict[str, list[float]]:
    """Return the CPU milliseconds of each way and round, after one that is not counted; the results must be equal."""
    built = [way(tables) for way in WAYS.values()]
    if not all(table.equals(built[0]) for table in built):
        raise SystemExit("the ways disagree")
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            started = time.process_time()
            way(tables)
            found[name].append(1000 * (time.process_time() - started))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", type=Path)
    parser.add_argument("--ranges", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plain", action="store_true")
    args = parser.parse_args()
    lake = ArtifactStore(args.lake)
    planned = read_plan(lake, RUN.snapshot_id)
    assert planned is not None
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for index in range(min(args.ranges or len(planned), len(planned))):
        for name, found in time_range(read_range(lake, index, plain=args.plain), args.rounds).items():
            times[name] += found
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, found in times.items():
        print(f"{name}: CPU {medians[name]:.1f} ms a range, {min(found):.1f} to {max(found):.1f}")
    ratio = medians["one query"] / medians["by columns"]
    print(f"{ratio:.2f} times; equal in every bit; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
