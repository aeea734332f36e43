"""Flame graphs of the step from the lake to scores, before and after the work on throughput.

    python -m benchmarks.flame_graph [--consumers 100000] [--before f8396d3] [--out docs/benchmarks]

Records the same snapshot's ranges, one after the other in one process, by py-spy (in the extra ``peers``): first by the
code of an earlier commit, checked out in a temporary worktree, then by this tree's. Leaves two SVGs that need nothing
beside them, of the work on ranges alone, imports apart: a frame is as wide as the samples in which a thread was on the
processor in it or below it. Native code (DuckDB, Arrow, SHA-256) shows as the Python function that called it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.flame_svg import draw, fold, parse_stacks
from benchmarks.lake_snapshot import SnapshotSize, obtain_snapshot
from benchmarks.score_lake import LAKES, obtain_points

BEFORE_SVG, AFTER_SVG = "flame-before.svg", "flame-after.svg"
ROOT = Path(__file__).parents[1]
WORK = Path(__file__).with_name("flame_work.py")
BEFORE = "f8396d3"
"""The last commit before the work on throughput."""

RATE = 200
"""Samples a second."""

WITHIN = "(flows/range_work.py"
"""What the frames of the work on ranges have in their names."""


def record(tree: Path, lake: Path, svg: Path, *, title: str) -> str:
    """Write the flame graph of a tree's code over a lake; return what the work said that it took."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    with TemporaryDirectory(prefix="escore-chamas-") as folder:
        raw = Path(folder) / "pilhas.txt"
        command = [spy_path(), "record", "--rate", str(RATE), "--function", "--format", "raw", "--output", str(raw)]
        command += ["--", sys.executable, "-P", str(WORK), str(lake)]
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"py-spy failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
        stacks = parse_stacks(raw.read_text(), within=WITHIN)
    took = next((line for line in done.stdout.splitlines() if "ranges:" in line), "")
    svg.parent.mkdir(parents=True, exist_ok=True)
    svg.write_text(
        draw(fold(stacks), title=title, subtitle=f"{took}; {sum(stacks.values())} samples at {RATE} a second")
    )
    return took


def spy_path() -> str:
    """Return where py-spy is; SystemExit says how to get it."""
    found = shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")
    if found is None:
        raise SystemExit("py-spy is not installed: pip install '.[peers]'")
    return found


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Yield a temporary worktree of a commit."""
    with TemporaryDirectory(prefix="escore-antes-") as folder:
        tree = Path(folder) / "arvore"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consumers", type=int, default=100_000)
    parser.add_argument("--range-size", type=int, default=10_000)
    parser.add_argument("--before", default=BEFORE, help="commit (%(default)s)")
    parser.add_argument("--lakes", type=Path, default=LAKES)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    options = parser.parse_args()
    spy_path()
    size = SnapshotSize(options.consumers, options.range_size)
    root = options.lakes / f"{size.consumers}-{size.range_size}"
    lake = Path(obtain_snapshot(root, size, workers=os.cpu_count() or 1).root).absolute()
    obtain_points(obtain_snapshot(root, size, workers=1))
    what = f"{size.consumers:,} consumers, from the lake to scores"
    with checked_out(options.before) as tree:
        title = f"{what}: before ({options.before})"
        print(f"before, {options.before}: {record(tree, lake, options.out / BEFORE_SVG, title=title)}", flush=True)
    print(f"after: {record(ROOT, lake, options.out / AFTER_SVG, title=f'{what}: after')}", flush=True)


if __name__ == "__main__":
    main()
