"""The one table of all figures, and the page round it: machine, bars, how to read it, plots.

Enter measurements, leaves Markdown whose columns are aligned, so that the same text serves the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.table.bars import verdicts
from benchmarks.table.contenders import STEP_TITLES, rank, title
from benchmarks.table.figures import FLOOR, OURS, Figure, Measurements, Step, Unmeasured, ratio
from benchmarks.table.plots import CAPTIONS

HEADER = (
    "step",
    "consumers",
    "contender",
    "rows/s",
    "wall, s (least to greatest)",
    "x ours",
    "x floor",
    "CPU, s",
    "x ours",
    "x floor",
    "peak MiB",
    "MB moved",
    "Redis, bytes a consumer",
    "answer",
    "runs",
)
FLAMES = {
    "flame-before.svg": "Flame graph of the work on ranges from the lake, before the work on throughput",
    "flame-after.svg": "The same as it is now",
}
"""What `python -m benchmarks.flame_graph` leaves."""

LEFT = {"step", "contender", "answer"}
READING = """\
- **Rows** are the records that a step reads (extraction, features, score) or the scores that it publishes.
- **Wall** runs from when an engine is loaded to its last byte written: medians of the runs. **CPU** is of the client's
  processes, all children in, servers apart. **Peak** is the resident memory of those processes together from start to
  end, libraries in; the floor of publishing holds its bytes ready in it.
- **Bytes moved** are what a contender has to: in extraction what the drivers receive; from the lake the Parquet read
  (we read whole files, for their checksums; others the columns that features need) and the Parquet written; in
  publishing the COPY stream and the Redis commands, and for Feast its Parquet file.
- The **floor** moves the same bytes by the fastest client calls and computes nothing: COPY out and `find_raw_batches`;
  Parquet decoded and the finished result tables written; COPY in and ready-made Redis commands. `find_raw_batches`
  makes a Python object of every document; the second floor takes the replies as they lie in the socket.
- **x ours** and **x floor** are ratios of medians: below 1 is less than ours, or than the floor.
- **Answer**: the peers' features are compared with ours bit by bit, in Polars up to one unit of the last place of
  amounts; their scores are of a logistic regression of the same consumers, so only counted. Feast's are read back.
- Feast fills Redis alone, by consumer id alone; ours fills PostgreSQL too, and answers by id and by CPF. It runs in an
  environment of its own, for it needs pandas below 3 (`python -m benchmarks --make-feast`).
- Not here: incremental nights, and Dask (`python -m benchmarks.dask_workers`). What led to the figures, and other
  benchmarks: [figures](../reference/figures.md)."""


def table(measured: Measurements) -> str:
    """Return the one table, in Markdown."""
    return _markdown(HEADER, list(_rows(measured)))


def bar_table(measured: Measurements) -> str:
    """Return what was asked, what was found and the verdicts, in Markdown."""
    rows = [
        (
            verdict.what,
            verdict.asked,
            verdict.found,
            f"**{verdict.word}**" if verdict.reached is False else verdict.word,
        )
        for verdict in verdicts(measured)
    ]
    return _markdown(("what", "asked", "found", "verdict"), rows)


def page(measured: Measurements, folder: Path) -> str:
    """Return the whole page; flame graphs are shown where they stand in its ``folder``."""
    machine = "\n".join(f"- {name}: {text}" for name, text in measured.machine.items())
    pictures = CAPTIONS | {name: text for name, text in FLAMES.items() if (folder / name).exists()}
    plots = "\n\n".join(f"![{caption}]({name})" for name, caption in pictures.items())
    return f"""\
# Benchmarks

*For whoever weighs the engine against something else.* Made by `make bench` (`python -m benchmarks`). The runs behind
every median are in [figures.json](figures.json), from which `python -m benchmarks --from-figures` makes this page
again. One night's steps beside the floor and beside what one would pick instead, over the same generated data: 20
events, 8.5 debts, 1.5 incomes and 1.2 assets a consumer.

{table(measured)}

## What was asked, and what was found

{bar_table(measured)}

## How to read it

{READING}

## The machine

{machine}

## Plots

The flame graphs, where they are, are made apart (`python -m benchmarks.flame_graph`); each has the width of its own
samples, so compare shares within one, and the seconds in their titles between them.

{plots}
"""


def _rows(measured: Measurements) -> Iterator[tuple[str, ...]]:
    every: list[Figure | Unmeasured] = [*measured.figures, *measured.unmeasured]
    steps = list(Step)
    for one in sorted(every, key=lambda one: (steps.index(one.step), one.consumers, rank(one.contender))):
        yield _measured_row(measured, one) if isinstance(one, Figure) else _missing_row(one)


def _measured_row(measured: Measurements, figure: Figure) -> tuple[str, ...]:
    ours, floor = (measured.find(figure.step, name, figure.consumers) for name in (OURS, FLOOR))
    redis = figure.median("redis_bytes")
    return (
        STEP_TITLES[figure.step],
        f"{figure.consumers:,}",
        _emphasized(figure),
        f"{figure.rows_per_second:,.0f}",
        _spread(figure),
        _times(ratio(figure, ours, "wall")),
        _times(ratio(figure, floor, "wall")),
        seconds(figure.cpu),
        _times(ratio(figure, ours, "cpu")),
        _times(ratio(figure, floor, "cpu")),
        f"{figure.peak_mib:,.0f}",
        f"{figure.octets / 1e6:,.1f}",
        "" if redis is None else f"{redis / figure.consumers:,.1f}",
        figure.answer,
        str(len(figure.runs)),
    )


def _missing_row(one: Unmeasured) -> tuple[str, ...]:
    name = title(one.step, one.contender) if one.contender else "all"
    blank = ("",) * (len(HEADER) - 5)
    return STEP_TITLES[one.step], f"{one.consumers:,}", name, *blank, f"NOT MEASURED: {one.reason}", "0"


def _emphasized(figure: Figure) -> str:
    name = title(figure.step, figure.contender)
    return f"**{name}**" if figure.contender == OURS else name


def _spread(figure: Figure) -> str:
    spread = figure.spread("wall")
    if spread is None or len(figure.runs) == 1:
        return seconds(figure.wall)
    return f"{seconds(figure.wall)} ({seconds(spread[0])} to {seconds(spread[1])})"


def seconds(value: float) -> str:
    """Return seconds with as many digits as they are worth.

    >>> [seconds(value) for value in (0.0421, 3.456, 47.28, 361.2)]
    ['0.042', '3.46', '47.3', '361']
    """
    if value < 1:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns are as wide as their longest text."""
    clean = [tuple(cell.replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *clean, strict=True)]
    left = [name in LEFT or name in {"what", "asked", "verdict"} for name in header]
    rule = [("-" * width) if to_left else "-" * (width - 1) + ":" for width, to_left in zip(widths, left, strict=True)]
    lines = [header, rule, *clean]
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if to_left else cell.rjust(width)
            for cell, width, to_left in zip(line, widths, left, strict=True)
        )
        + " |"
        for line in lines
    )
