"""The memory of the Python interface: frames streamed one CPF range at a time, and gathered, at several sizes.

    python -m benchmarks.python_interface --consumers 20000 80000

A snapshot of each size is written without stores; a process each goes through its features, built as of the day before,
and through its movements. What is told is a process's peak resident memory beyond what it has after its imports.
The ledger, where a run is looked up, is left out: it is a database, and one row.
"""

from __future__ import annotations

import argparse
import operator
import re
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd

import escore
from benchmarks.lake_snapshot import AS_OF, RANGE_SIZE, RUN, SnapshotSize, obtain_snapshot
from contracts.artifacts import ArtifactStore
from contracts.settings import Settings
from escore import consumers, records
from escore.nights import Night

WAYS = ("features streamed", "features gathered", "movements streamed", "movements gathered")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def measure(lake: str, way: str) -> None:
    """Go through a snapshot in one way, in this process, and print rows, ranges, MiB and seconds."""
    night = Night(RUN, ArtifactStore(lake), Settings())

    def find_night(*_run: object, **_settings: object) -> Night:
        return night

    consumers.find_night = records.find_night = find_night
    name, _, how = way.partition(" ")
    before, started = _peak(), time.perf_counter()
    stream = (
        escore.iter_features(AS_OF - timedelta(days=1)) if name == "features" else escore.iter_records("movimentacoes")
    )
    ranges = operator.length_hint(stream)
    rows = sum(map(len, stream)) if how == "streamed" else len(pd.concat(stream))
    print(f"{way:20} {rows:>10,} {ranges:>6} {_peak() - before:>8,.0f} {time.perf_counter() - started:>7.1f}")


def _peak() -> float:
    """Return this process's peak resident memory, in MiB; getrusage's begins with that of the process it came from."""
    found = _PEAK.search(Path("/proc/self/status").read_text("utf-8"))
    assert found is not None
    return int(found[1]) / 1024


def main() -> None:
    """Write the snapshots and measure each way in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--consumers", type=int, nargs="+", default=[20_000, 80_000])
    parser.add_argument("--range-size", type=int, default=RANGE_SIZE)
    parser.add_argument("--child", nargs=2, metavar=("LAKE", "WAY"), help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.child:
        measure(*words.child)
        return
    print(f"{'way':20} {'rows':>10} {'ranges':>6} {'MiB':>8} {'s':>7}")
    for number in words.consumers:
        with tempfile.TemporaryDirectory() as folder:
            obtain_snapshot(Path(folder), SnapshotSize(number, words.range_size), workers=1)
            for way in WAYS:
                child = [sys.executable, "-m", "benchmarks.python_interface", "--child", folder, way]
                subprocess.run(child, check=True)


if __name__ == "__main__":
    main()
