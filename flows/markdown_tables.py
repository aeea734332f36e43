"""Tables of the documentation's pages, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable


def markdown_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    r"""Return a table; a bar within a cell is escaped.

    >>> print(markdown_table(("what", "how"), [("a|b", "c")]))
    | what | how |
    |---|---|
    | a\|b | c |
    """
    titles = list(head)
    lines = [" | ".join(["", *(cell.replace("|", r"\|") for cell in line), ""]).strip() for line in (titles, *rows)]
    return "\n".join([lines[0], "|---" * len(titles) + "|", *lines[1:]])
