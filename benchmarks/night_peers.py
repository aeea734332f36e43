"""Features and score of one night beside what a user would pick instead: same Parquet, same answers.

Run: ``python -m benchmarks.night_peers [--consumers 100000] [--events 20] [--only pandas-sklearn,pyspark]``. The whole
step stands beside pandas with scikit-learn and PySpark ``local[2]`` (Java 17 needed: where there is none PySpark is
left out, and the output says so); the features alone beside one DuckDB and one Polars query. Each runs in a process of
its own; seconds begin when its engine is loaded (PySpark's virtual machine started), read Parquet and end with Parquet
written; CPU and memory are of the process with all its children. Features must be equal to ours, bit by bit (Polars'
amounts to 1 unit of the last place), or the benchmark fails. Needs the extra ``peers``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.dataset as ds

from benchmarks.peers.night.contenders import (
    BY_NAME,
    OUR_FEATURES,
    OURS,
    Contender,
    Step,
    chosen,
    features_folder,
    scores_folder,
)
from benchmarks.peers.night.equality import feature_differences
from benchmarks.peers.night.fitted_models import make_models
from benchmarks.peers.night.ours import read_results
from benchmarks.peers.night.snapshot import Night, make_snapshot

AS_OF = date(2025, 12, 31)
SAMPLING_SECONDS = 0.05
REFERENCE = {Step.SCORES: OURS, Step.FEATURES: OUR_FEATURES}


@dataclass(frozen=True, slots=True)
class Figures:
    """What one contender took: seconds of wall and CPU, and the highest memory of its processes together."""

    wall: float
    cpu: float
    peak_mib: float


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU that a process and its children took so far, ended children included."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def work(contender: Contender, night: Night, models: Path, folder: Path) -> None:
    """Do one contender's work in this process and print what it took, as JSON."""
    run = contender.prepare(night, models, folder)
    process = psutil.Process()
    started, before = time.perf_counter(), cpu_seconds(process)
    run()
    print(json.dumps({"wall": time.perf_counter() - started, "cpu": cpu_seconds(process) - before}), flush=True)


def measure(contender: Contender, night: Night, models: Path, folder: Path) -> Figures:
    """Return what a contender took in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.night_peers", "--work", contender.name]
    command += ["--lake", str(night.lake), "--ranges", str(night.ranges), "--models", str(models), "--out", str(folder)]
    with (folder / "stderr.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        peak = _peak_until_end(psutil.Process(process.pid), process)
        output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{contender.name} failed:\n{(folder / 'stderr.log').read_text()[-4000:]}")
    found = json.loads(output.splitlines()[-1])
    return Figures(found["wall"], found["cpu"], peak / 2**20)


def _peak_until_end(watched: psutil.Process, process: subprocess.Popen[str]) -> int:
    peak = 0
    while process.poll() is None:
        peak = max(peak, _resident_bytes(watched))
        time.sleep(SAMPLING_SECONDS)
    return peak


def _resident_bytes(watched: psutil.Process) -> int:
    total = 0
    try:
        for one in (watched, *watched.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.NoSuchProcess:
        pass  # it ended between two looks
    return total


def compare(contenders: Sequence[Contender], night: Night, models: Path, *, root: Path, repeats: int) -> bool:
    """Measure every contender, print the table and the bars; return whether all features are equal."""
    figures, differences, skipped = {}, {}, {}
    for contender in contenders:
        if contender.missing:
            skipped[contender.name] = contender.missing
            continue
        runs = []
        for repeat in range(repeats):
            folder = root / f"{contender.name}-{repeat}"
            folder.mkdir()
            runs.append(measure(contender, night, models, folder))
        figures[contender.name] = _median(runs)
        print(f"{contender.name}: {figures[contender.name]}", file=sys.stderr, flush=True)
        differences[contender.name] = _differences(contender, night, folder)
    _print_table(figures, differences)
    for name, reason in skipped.items():
        print(f"*** {name} WAS NOT MEASURED: {reason}")
    print("", *bar_lines(figures), sep="\n")
    return not any(differences.values())


def _median(runs: Sequence[Figures]) -> Figures:
    return Figures(*(statistics.median(getattr(run, name) for run in runs) for name in Figures.__slots__))


def _differences(contender: Contender, night: Night, folder: Path) -> list[str]:
    """Return what differs from the features that our whole step left in the lake."""
    ours, our_scores = read_results(night)
    if contender is OURS:
        return []
    problems = feature_differences(ours, _read(features_folder(folder)), last_place=contender.last_place)
    if contender.step is Step.SCORES:
        rows = _read(scores_folder(folder)).num_rows
        problems += [f"{rows} scores where we have {our_scores.num_rows}"] if rows != our_scores.num_rows else []
    return problems


def _read(path: Path) -> pa.Table:
    return ds.dataset(path, format="parquet").to_table()


def _print_table(figures: Mapping[str, Figures], differences: Mapping[str, Sequence[str]]) -> None:
    for step, reference in REFERENCE.items():
        ours = figures[reference.name]
        print(f"\n{step:<20}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'x our wall':>12}{'x our CPU':>11}  features")
        for name, found in figures.items():
            if BY_NAME[name].step is step:
                equal = "differ" if differences[name] else "equal"
                print(
                    f"{name:<20}{found.wall:>9.2f}{found.cpu:>9.2f}{found.peak_mib:>10,.0f}"
                    f"{found.wall / ours.wall:>12.2f}{found.cpu / ours.cpu:>11.2f}  {equal}"
                )
    for name, problems in differences.items():
        for problem in problems:
            print(f"*** {name}: {problem}")


def bar_lines(figures: Mapping[str, Figures]) -> list[str]:
    """Return what became of each bar: a peer's wall seconds over ours."""
    lines = []
    for name, found in figures.items():
        contender = BY_NAME[name]
        if contender.least_ratio is not None:
            ratio = found.wall / figures[REFERENCE[contender.step].name].wall
            verdict = "reached" if ratio >= contender.least_ratio else "MISSED"
            lines.append(f"bar, {name} over ours at least {contender.least_ratio:.2f}: {ratio:.2f}, {verdict}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consumers", type=int, default=100_000)
    parser.add_argument("--events", type=float, default=20, help="mean Base C events a consumer in 36 months")
    parser.add_argument("--range-size", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--only", default="", help="contenders beside ours, separated by commas")
    parser.add_argument("--work", choices=list(BY_NAME), help=argparse.SUPPRESS)
    for name in ("--lake", "--models", "--out"):
        parser.add_argument(name, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ranges", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(BY_NAME[options.work], Night(options.lake, AS_OF, options.ranges), options.models, options.out)
        return
    with tempfile.TemporaryDirectory(prefix="escore-noite-") as folder:
        root = Path(folder)
        make_models(root / "modelos", AS_OF)
        night = make_snapshot(
            root / "lago", AS_OF, consumers=options.consumers, events=options.events, range_size=options.range_size
        )
        sizes = f"{options.consumers:,} consumers x {options.events:g} events, {night.ranges} ranges"
        print(f"{sizes}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}", flush=True)
        equal = compare(list(chosen(options.only)), night, root / "modelos", root=root, repeats=options.repeats)
    if not equal:
        sys.exit(1)


if __name__ == "__main__":
    main()
