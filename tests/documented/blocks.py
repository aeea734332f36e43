"""The fenced blocks of the documentation: what a reader copies, and the output that is shown below it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHELL = frozenset({"sh", "bash"})
SCRIPTS = frozenset({"python", "js", "javascript", "sql"})
DOCUMENTS = frozenset({"json", "yaml", "toml"})
CHECKED = SHELL | SCRIPTS | DOCUMENTS
UNCHECKED = frozenset({"", "text", "mermaid", "pycon"})
"""Outputs, drawings, figures, and docstrings' examples, which run where they stand; an output is compared with what the
block before it printed.
"""

_FENCE = re.compile(r"^(?P<indent> *)```(?P<tag>.*)\n(?P<body>(?:.*\n)*?)(?P=indent)```$", re.MULTILINE)
_HEADING = re.compile(r"^#+ ", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block; ``line`` is the page's line of its first line, ``shown`` the output that the page shows."""

    page: str
    line: int
    tag: str
    body: str
    shown: str | None = None

    @property
    def place(self) -> str:
        """Return where it stands, as an editor opens it."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Return every page that has blocks, by its path from the root."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    names = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return [name for name in names if blocks_of(name)]


def blocks_of(page: str) -> list[Block]:
    """Return the page's blocks in order, its outputs among them."""
    return blocks_in(page, (ROOT / page).read_text(encoding="utf-8"))


def blocks_in(page: str, text: str) -> list[Block]:
    """Return the blocks of a page's text."""
    return list(_paired(page, text))


def _paired(page: str, text: str) -> Iterator[Block]:
    fences = list(_FENCE.finditer(text))
    for number, fence in enumerate(fences):
        following = fences[number + 1] if number + 1 < len(fences) else None
        shows = (
            following is not None
            and fence["tag"] in SHELL | SCRIPTS
            and following["tag"] in {"", "json"}
            and not _HEADING.search(text, fence.end(), following.start())
        )
        yield Block(
            page,
            text.count("\n", 0, fence.start()) + 2,
            fence["tag"],
            textwrap.dedent(fence["body"]),
            textwrap.dedent(following["body"]) if shows and following is not None else None,
        )
