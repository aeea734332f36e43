"""How wide what is printed may be: as wide as the terminal, and without limit where it goes to a file or a pipe.

``COLUMNS``, where somebody exports it, is the width of either.

A table that a terminal has no room for loses its least columns, and says which; if that is not enough, each of its
rows becomes a block of lines. Nothing is cut: an id can be copied, a word is read whole.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

WITHOUT_LIMIT = 100_000
"""Columns of an output that is no terminal: nobody has to fold what a program or an editor reads."""

_WORD = 14
"""A longer word of a column that may be folded does not widen it: paths and lists are folded where they must."""


def open_console(*, stderr: bool = False) -> Console:
    """Return a console on the output or the error stream, as wide as what it writes to, or as ``COLUMNS`` says."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else shutil.get_terminal_size((WITHOUT_LIMIT, 0)).columns
    return Console(stderr=stderr, width=width)


def whole(name: str) -> Column:
    """Return a column whose cells stay in one piece: ids, dates, states, numbers."""
    return Column(name, no_wrap=True)


def print_table(console: Console, table: Table, *, least: Sequence[str] = ()) -> None:
    """Print a table so that it can be read; ``least`` names the columns that are left out first where room lacks."""
    if not table.row_count:
        console.print(f"{table.title}: none", highlight=False)
        return
    left_out: list[str] = []
    columns = table.columns
    while not _fits(console, table) and len(left_out) < len(least):
        left_out.append(least[len(left_out)])
        table.columns = [column for column in columns if column.header not in left_out]
    if _fits(console, table):
        _share_room(console, table)
        console.print(table)
        if left_out:
            told = f"no room for: {', '.join(left_out)}; a wider terminal or --json shows all"
            console.print(told, style="dim", highlight=False)
    else:
        table.columns = columns
        _print_blocks(console, table)


def _fits(console: Console, table: Table) -> bool:
    return sum(_least_width(column, console) for column in table.columns) <= _room(console, table)


def _room(console: Console, table: Table) -> int:
    """Return how many characters there are for cells: each has a space on both sides, and a line beside it."""
    return console.width - 3 * len(table.columns) - 1


def _measures(column: Column, console: Console) -> list[Measurement]:
    unlimited = console.options.update(max_width=WITHOUT_LIMIT)
    return [Measurement.get(console, unlimited, cell) for cell in (column.header, *column.cells)]


def _least_width(column: Column, console: Console) -> int:
    if column.no_wrap:
        return max(measure.maximum for measure in _measures(column, console))
    return max(min(measure.minimum, _WORD) for measure in _measures(column, console))


def _share_room(console: Console, table: Table) -> None:
    """Give every column its least width, and what is left to those that could use more: whole words before lines."""
    measured = [_measures(column, console) for column in table.columns]
    widths = [_least_width(column, console) for column in table.columns]
    spare = _room(console, table) - sum(widths)
    words = [max(measure.minimum for measure in column) for column in measured]
    lines = [max(measure.maximum for measure in column) for column in measured]
    for wanted in (words, lines):
        while spare and (needy := [i for i, width in enumerate(widths) if width < wanted[i]][:spare]):
            for i in needy:
                widths[i] += 1
            spare -= len(needy)
    for column, width in zip(table.columns, widths, strict=True):
        column.width, column.overflow = width, "fold"


def _print_blocks(console: Console, table: Table) -> None:
    """Print a table row by row, each cell on a line of its own behind its column's name."""
    if table.title:
        console.print(table.title, style="table.title", highlight=False)
    names = [Text.from_markup(str(column.header)) for column in table.columns]
    width = max((name.cell_len for name in names), default=0)
    for row in zip(*(column.cells for column in table.columns), strict=True):
        for name, cell in zip(names, row, strict=True):
            told = cell if isinstance(cell, Text) else Text.from_markup(str(cell))
            console.print(Text.assemble((f"{name.plain:{width}}", "bold"), "  ", told), soft_wrap=True, highlight=False)
        console.print()
    if table.caption:
        console.print(table.caption, style="table.caption", highlight=False)
