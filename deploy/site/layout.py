"""GitHub's Markdown as the site's generator reads it: Python-Markdown wants blank lines, and four blanks a level."""

from __future__ import annotations

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")
_BLOCKS = {"bullet_list_open", "ordered_list_open", "table_open", "fence", "blockquote_open", "heading_open"}
_LISTS = {"bullet_list_open", "ordered_list_open"}
_MARKER = re.compile(r"(?:[-*+]|\d+[.)]) +")
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")
_INDENT = 4


def lay_out(text: str) -> str:
    r"""Return a page with every list, table and block apart, lists indented by four, and GitHub's anchors.

    >>> print(lay_out("Some:\n- one\n  - two\n\n## What `it` is"))
    Some:
    <BLANKLINE>
    - one
        - two
    <BLANKLINE>
    ## What `it` is { #what-it-is }
    """
    tokens = [token for token in _PARSER.parse(text) if token.map]
    lines = text.split("\n")
    starts = {token.map[0] for token in tokens if token.map and _stands_apart(token, tokens)}
    starts |= _starts_of_wide_items(lines, tokens)
    out: list[str] = []
    for number, line in enumerate(_anchored(_indented(lines, tokens), text)):
        if number in starts and out and out[-1].strip():
            out.append("")
        out.append(line)
    return "\n".join(out)


def anchor_of(heading: str) -> str:
    """Return the anchor that GitHub gives a heading.

    >>> anchor_of("1. May it take over? (`sections` 1 and 2)")
    '1-may-it-take-over-sections-1-and-2'
    """
    return _NOT_IN_ANCHORS.sub("", heading.lower()).strip().replace(" ", "-")


def _stands_apart(token: Token, tokens: list[Token]) -> bool:
    """Return whether a block needs a blank line before it: what begins an item does not, nor a list right below it."""
    if token.type not in _BLOCKS or token.map is None:
        return False
    begun = {one.map[0] for one in tokens if one.type == "list_item_open" and one.map and one.level < token.level}
    return token.map[0] not in begun and not (token.type in _LISTS and token.map[0] - 1 in begun)


def _starts_of_wide_items(lines: list[str], tokens: list[Token]) -> set[int]:
    """Return where the items begin of lists that hold a blank line: all of them, or none, have one between them."""
    starts: set[int] = set()
    for place, token in enumerate(tokens):
        if token.type in _LISTS and token.map:
            first, end = token.map
            if any(not line.strip() for line in "\n".join(lines[first:end]).rstrip("\n").split("\n")):
                items = (one for one in tokens[place:] if one.type == "list_item_open" and one.level == token.level + 1)
                starts |= {item.map[0] for item in items if item.map and first < item.map[0] < end}
    return starts


def _indented(lines: list[str], tokens: list[Token]) -> list[str]:
    """Return the lines with the content of each list item indented by four a level."""
    widths, levels = [0] * len(lines), [0] * len(lines)
    for token in tokens:
        if token.type == "list_item_open" and token.map:
            first, end = token.map
            level, begin = token.level // 2, widths[first]
            marker = _MARKER.match(lines[first][begin:].lstrip(" "))
            blanks = len(lines[first]) - len(lines[first][begin:].lstrip(" "))
            levels[first] = level
            for number in range(first + 1, end):
                widths[number], levels[number] = blanks + len(marker[0] if marker else "- "), level + 1
    return [
        " " * (_INDENT * level) + _cut(line, width) if line.strip() else line
        for line, width, level in zip(lines, widths, levels, strict=True)
    ]


def _cut(line: str, width: int) -> str:
    """Return a line without the blanks of its list item; a lazy line has fewer."""
    return line[min(width, len(line) - len(line.lstrip(" "))) :]


def _anchored(lines: list[str], text: str) -> list[str]:
    """Return the lines with the anchor that GitHub gives each heading written behind it."""
    out, times = list(lines), dict[str, int]()
    tokens = _PARSER.parse(text)
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.map:
            anchor = anchor_of(inline.content)
            times[anchor] = times.get(anchor, -1) + 1
            again = f"-{times[anchor]}" if times[anchor] else ""
            out[token.map[0]] = f"{lines[token.map[0]].rstrip()} {{ #{anchor}{again} }}"
    return out
