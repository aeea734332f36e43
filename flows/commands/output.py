"""What commands print: tables for people, JSON for machines; nothing of a person."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from flows.terminal import open_console, print_table, whole

OUT = open_console()
ERR = open_console(stderr=True)


def plain(text: str) -> str:
    r"""Return a text that somebody gave, as a terminal may show it: no markup, and nothing that the terminal obeys.

    >>> print(plain("[bold]a\x1b[2J\u202e"))
    \[bold]a\x1b[2J\u202e
    """
    return escape(shown(text))


def shown(text: str) -> str:
    """Return a text with what is no printable character written as its number."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def print_values(title: str, values: Mapping[str, Any]) -> None:
    """Print names and values as a table."""
    table = Table(whole("what"), "value", title=title, title_justify="left")
    for name, value in values.items():
        table.add_row(name, _as_text(value))
    print_table(OUT, table)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def print_result(result: dict[str, Any], *, as_json: bool) -> None:
    """Print a result as a table, or as JSON for a machine."""
    if as_json:
        print_json(result)
    else:
        print_values("result", result)


def print_json(value: Any) -> None:
    """Print a value as JSON, which any reader can read whatever the terminal's encoding."""
    sys.stdout.write(as_json(value, indent=1) + "\n")


def as_json(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON; letters beyond ASCII as they are only where a stream surely carries them.

    >>> as_json({"erro": "UsageError", "codigo": 2})
    '{"erro": "UsageError", "codigo": 2}'
    """
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not is_utf8, indent=indent, default=str)
