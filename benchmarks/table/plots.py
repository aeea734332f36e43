"""The plots beside the table, as SVG: seconds by contender, ratios to the floor, memory against the population.

The same measurements give the same bytes: no date is written, and names inside are salted with a constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.table.contenders import BY_NAME, STEP_TITLES, rank, title
from benchmarks.table.figures import FLOOR, OURS, Figure, Measurements, Step, ratio

# matplotlib takes a second to import and `--list` and `--help` do without it.
# ruff: noqa: PLC0415

SECONDS, RATIOS, MEMORY = "seconds.svg", "over-the-floor.svg", "memory.svg"
CAPTIONS = {
    SECONDS: "Wall and CPU seconds by contender, a panel for each step and size; logarithmic",
    RATIOS: "Wall and CPU over the floor's, by step and size; logarithmic",
    MEMORY: "Peak memory against the number of consumers, from the lake to scores",
}
_SETTINGS = {"svg.hashsalt": "escore", "font.size": 9, "axes.titlesize": 10, "figure.dpi": 110}
_METADATA = {"Date": None, "Creator": None}
_BAR = 0.38
_TWO_GIGABYTES_MIB = 2e9 / 2**20


def draw_all(measured: Measurements, folder: Path, *, form: str = "svg") -> list[Path]:
    """Write every plot below ``folder`` and return their paths."""
    import matplotlib as mpl

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with mpl.rc_context(_SETTINGS):
        for name, figure in (
            (SECONDS, _seconds(measured)),
            (RATIOS, _ratios(measured)),
            (MEMORY, _memory(measured)),
        ):
            path = (folder / name).with_suffix(f".{form}")
            figure.savefig(path, format=form, metadata=_METADATA if form == "svg" else None)
            written.append(path)
    return written


def _new(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(canvas)
    return canvas, canvas.subplots(rows, columns, squeeze=False)


def _groups(measured: Measurements) -> list[tuple[Step, int, list[Figure]]]:
    """Return the contenders of each step and size that has more than one."""
    found = []
    for step in Step:
        for consumers in measured.sizes(step):
            figures = [f for f in measured.figures if f.step is step and f.consumers == consumers]
            if len(figures) > 1:
                found.append((step, consumers, sorted(figures, key=lambda figure: rank(figure.contender))))
    return found


def _seconds(measured: Measurements) -> Any:
    """Draw a row of panels for each step and a column for each size."""
    groups = _groups(measured)
    steps = [step for step in Step if any(step is group[0] for group in groups)] or [Step.SCORE]
    sizes = sorted({consumers for _, consumers, _ in groups}) or [0]
    canvas, panels = _new(6.4 * len(sizes), 2.6 * len(steps) + 0.5, len(steps), len(sizes))
    for panel in panels.flat:
        panel.set_axis_off()
    for step, consumers, figures in groups:
        panel = panels[steps.index(step), sizes.index(consumers)]
        panel.set_axis_on()
        _draw_seconds(panel, step, consumers, figures)
    canvas.suptitle("Seconds by contender: solid wall, hatched CPU of the clients")
    return canvas


def _draw_seconds(panel: Any, step: Step, consumers: int, figures: Sequence[Figure]) -> None:
    for place, figure in enumerate(figures):
        _draw_pair(panel, place, _colour(figure), wall=figure.wall, cpu=figure.cpu)
    _name_rows(panel, step, figures)
    values = [value for figure in figures for value in (figure.wall, figure.cpu) if value > 0]
    _use_logarithms(panel, values)
    panel.set_xlabel("seconds")
    panel.set_title(f"{STEP_TITLES[step]}\n{consumers:,} consumers")


def _draw_pair(panel: Any, place: float, colour: str, *, wall: float, cpu: float) -> None:
    """Draw wall, solid, above CPU, hatched, each with its number."""
    panel.barh(place - _BAR / 2, wall, _BAR, color=colour)
    panel.barh(place + _BAR / 2, cpu, _BAR, color="white", edgecolor=colour, hatch="////", linewidth=0.8)
    for value, offset in ((wall, -_BAR / 2), (cpu, _BAR / 2)):
        at = (value, place + offset)
        panel.annotate(_digits(value), at, xytext=(3, 0), textcoords="offset points", va="center", fontsize=7)


def _use_logarithms(panel: Any, values: Sequence[float]) -> None:
    """Have a logarithmic axis with numbers that are read as they stand, at least two of them."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = min(values) / 1.6, max(values) * 2.2
    panel.set_xscale("log")
    panel.set_xlim(low, high)
    decades = math.log10(high / low)
    panel.xaxis.set_major_locator(LogLocator(subs=(1,) if decades > 2 else (1, 2, 5)))
    panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_formatter(NullFormatter())


def _digits(value: float) -> str:
    """Return three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratios(measured: Measurements) -> Any:
    groups = [(s, c, [f for f in found if f.contender != FLOOR]) for s, c, found in _groups(measured)]
    groups = [group for group in groups if measured.find(group[0], FLOOR, group[1]) is not None]
    rows = sum(len(figures) for _, _, figures in groups)
    canvas, panels = _new(9, max(2.5, 0.32 * rows + 0.45 * len(groups) + 1.2))
    panel, place = panels[0, 0], 0.0
    ticks: dict[float, str] = {}
    values = [1.0]
    for step, consumers, figures in groups:
        heading = f" {STEP_TITLES[step]}: {consumers:,} consumers"
        panel.text(0, place - 0.8, heading, transform=panel.get_yaxis_transform(), fontsize=8, weight="bold")
        for figure in figures:
            floor = measured.find(step, FLOOR, consumers)
            wall, cpu = (ratio(figure, floor, name) or 0.0 for name in ("wall", "cpu"))
            _draw_pair(panel, place, _colour(figure), wall=wall, cpu=cpu)
            values += [value for value in (wall, cpu) if value]
            ticks[place] = title(step, figure.contender)
            place += 1
        place += 1.1
    panel.set_yticks(list(ticks), list(ticks.values()))
    panel.set_ylim(max(place, 1) - 1.2, -1.5)
    _use_logarithms(panel, values)
    panel.axvline(1, color="black", linewidth=0.8)
    panel.set_xlabel("times the floor's, solid wall, hatched CPU of the clients (the line is the floor)")
    panel.set_title("How far from moving the bytes alone")
    return canvas


def _memory(measured: Measurements) -> Any:
    canvas, panels = _new(7.5, 4.2)
    panel = panels[0, 0]
    names = sorted({f.contender for f in measured.figures if f.step is Step.SCORE}, key=rank)
    for name in names:
        figures = [f for f in measured.figures if f.step is Step.SCORE and f.contender == name]
        figures.sort(key=lambda figure: figure.consumers)
        panel.plot(
            [figure.consumers for figure in figures],
            [figure.peak_mib for figure in figures],
            marker="o",
            color=_colour(figures[0]),
            linewidth=2.2 if name == OURS else 1.2,
            label=title(Step.SCORE, name),
        )
    panel.axhline(_TWO_GIGABYTES_MIB, color="black", linestyle="--", linewidth=0.8, label="2 GB")
    panel.set_xscale("log")
    panel.set_yscale("log")
    sizes = measured.sizes(Step.SCORE)
    panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
    panel.minorticks_off()
    panel.yaxis.set_major_formatter("{x:,.0f}")
    panel.set_yticks(_memory_ticks([f.peak_mib for f in measured.figures if f.step is Step.SCORE]))
    panel.set_xlabel("consumers")
    panel.set_ylabel("peak MiB of all processes")
    panel.set_title("Peak memory against the population: features, score and reasons")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=8)
    return canvas


def _memory_ticks(peaks: Sequence[float]) -> list[int]:
    """Return powers of two round the peaks and 2 GB."""
    every = [*peaks, _TWO_GIGABYTES_MIB]
    first, last = math.floor(math.log2(min(every))), math.ceil(math.log2(max(every)))
    return [2**power for power in range(first, last + 1)]


def _name_rows(panel: Any, step: Step, figures: Sequence[Figure]) -> None:
    panel.set_yticks(range(len(figures)), [title(step, figure.contender) for figure in figures])
    panel.invert_yaxis()


def _colour(figure: Figure) -> str:
    shown = BY_NAME.get(figure.contender)
    return shown.colour if shown else "#555555"
