"""One night's steps, measured beside the floor and beside what one would pick instead: one table, one page, plots.

    python -m benchmarks                                        all, at 100,000 and 1,000,000 consumers: hours
    python -m benchmarks --consumers 20000 --growth --repeats 2 all of it, small: minutes
    python -m benchmarks --steps score features --only escore floor duckdb polars
    python -m benchmarks --steps publishing --consumers 1000000 --add
    python -m benchmarks --from-figures                         the page again from figures.json, nothing measured
    python -m benchmarks --make-feast                           the virtual environment that Feast needs, once
    python -m benchmarks --list                                 the other benchmarks, each run by its own name

Writes ``figures.json`` after every step, then ``README.md`` and the plots, below --out; the table goes to the standard
output, progress to the standard error. A contender that is not installed, or fails, is said and left out. With all
contenders two quiet cores take about 40 minutes at 100,000 and 80 at 1,000,000 with the growth to 2,000,000, guessed
from smaller sizes; half of that with --repeats 1. The extraction of 1,000,000 is left out: loading the live stores
would take hours. Lakes (5 GB) and models are kept below --lakes; remove it when the generator or the lake's layout
changes.
"""

from __future__ import annotations

import argparse
import ast
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.table.contenders import SHOWN
from benchmarks.table.figures import Measurements, Step

OUT = Path("docs/benchmarks")
LAKES = Path("var/bancada")
SIZES = (100_000, 1_000_000)
GROWTH = (500_000, 1_000_000, 2_000_000)
FIGURES_FILE = "figures.json"
PARTS = {"extraction_peers", "night_peers", "publishing_peers", "flame_work"}
"""Modules that others run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and render what is asked for; 1 where something that was asked for failed."""
    options = parse(arguments)
    if options.list:
        print("\n".join(listing()))
        return 0
    if options.make_feast:
        from benchmarks.peers.feast.environment import make_environment  # noqa: PLC0415

        make_environment(options.feast_python)
        return 0
    path = options.out / FIGURES_FILE
    if options.from_figures:
        if not path.exists():
            print(f"no {path}: measure first", file=sys.stderr)
            return 2
        render(Measurements.load(path), options.out)
        return 0
    from benchmarks.table.driver import Plan, measure_all  # noqa: PLC0415 - it loads what every step needs

    plan = Plan(
        steps=tuple(Step(step) for step in options.steps),
        consumers=tuple(sorted(set(options.consumers))),
        growth=tuple(sorted(set(options.growth))),
        names=tuple(options.only),
        repeats=options.repeats,
        patience=options.patience,
        events=options.events,
        range_size=options.range_size,
        extraction_limit=options.extraction_limit,
        lakes=options.lakes,
        feast_python=options.feast_python,
    )
    before = Measurements.load(path) if options.add and path.exists() else Measurements()
    started = time.monotonic()

    def report(text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - started), 60)
        print(f"[{minutes:3d}:{seconds:02d}] {text}", file=sys.stderr, flush=True)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that stores and contenders are ended
    measured = before
    for measured in measure_all(plan, before, report=report):
        measured.save(path)
    render(measured, options.out)
    return int(any(one.reason.startswith("failed") for one in measured.unmeasured))


def render(measured: Measurements, out: Path) -> None:
    """Write the page and the plots, and print table and verdicts."""
    from benchmarks.table import page, plots  # noqa: PLC0415

    out.mkdir(parents=True, exist_ok=True)
    plots.draw_all(measured, out)
    (out / "README.md").write_text(page.page(measured, out))
    print(page.table(measured), page.bar_table(measured), sep="\n\n")
    for one in measured.unmeasured:
        print(f"*** {one.step}, {one.consumers:,}, {one.contender or 'all'}: NOT MEASURED: {one.reason}")


def listing() -> list[str]:
    """Return a line for every other benchmark: the command and what it measures."""
    lines = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        source = path.read_text()
        if path.stem not in PARTS and path.stem != "__main__" and "__main__" in source:
            said = ast.get_docstring(ast.parse(source)) or ""
            lines.append(f"python -m benchmarks.{path.stem:<18} {said.splitlines()[0]}")
    return lines


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [shown.name for shown in SHOWN]
    steps = [step.value for step in Step]
    add = parser.add_argument
    add("--consumers", type=int, nargs="+", default=SIZES, help="sizes of the table (%(default)s)")
    add("--growth", type=int, nargs="*", default=GROWTH, help="sizes of ours alone, for growth (%(default)s)")
    add("--steps", nargs="+", choices=steps, default=steps, metavar="STEP", help=f"of {', '.join(steps)}")
    add("--only", nargs="+", choices=names, default=names, metavar="NAME", help=f"contenders, of {', '.join(names)}")
    add("--repeats", type=int, default=5, help="rounds; medians are shown (%(default)s)")
    add("--patience", type=float, default=600, help="seconds after which a contender is run no more (%(default)s)")
    add("--events", type=float, default=20, help="mean Base C events a consumer in 36 months (%(default)s)")
    add("--range-size", type=int, default=10_000, help="consumers in a CPF range, whole thousands (%(default)s)")
    add("--extraction-limit", type=int, default=100_000, help="largest size to load live stores with (%(default)s)")
    add("--out", type=Path, default=OUT, help="folder of the page, the plots and figures.json (%(default)s)")
    add("--lakes", type=Path, default=LAKES, help="folder where snapshots and models are kept (%(default)s)")
    add("--feast-python", type=Path, default=LAKES / "venv-feast/bin/python", help="Feast's own Python (%(default)s)")
    add("--add", action="store_true", help="keep the figures in --out that are not measured now")
    add("--from-figures", action="store_true", help="measure nothing, render figures.json again")
    add("--make-feast", action="store_true", help="make the virtual environment of --feast-python and stop")
    add("--list", action="store_true", help="name the benchmarks that are run apart, and stop")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
