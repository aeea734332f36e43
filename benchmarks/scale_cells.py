"""How the plan's tables look: rows of Markdown, times, sizes and numbers in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.scale_sizing import GB, HOUR


def make_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and the others numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def in_hours(seconds: float) -> str:
    """Return a time in minutes below two hours, else in hours."""
    return f"{seconds / 60:,.1f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:,.1f} h"


def in_bytes(size: float) -> str:
    """Return a size in GB below a thousand, else in TB."""
    return f"{size / GB:,.0f} GB" if size < 1000 * GB else f"{size / GB / 1000:,.1f} TB"


def in_digits(value: float) -> str:
    """Return a number with no more digits than it has, four decimals at most."""
    return f"{value:,.4f}".rstrip("0").rstrip(".")
