"""Whether an output has the shape that a page shows: its lines in order, whatever the numbers in them.

A word with a digit in it is as good as any other; so are the lines and bars of tables. ``...`` on a line, or in all
cells of a row, stands for anything.
"""

from __future__ import annotations

import json
import re

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_DRAWN = re.compile(r"[\u2500-\u259f|]|(?<!\S)[-+=]+(?!\S)")
_NUMBER = "#"


def words_of(line: str) -> tuple[str, ...]:
    """Return the words of a line, every run of words with digits as one ``#``."""
    words: list[str] = []
    for word in _DRAWN.sub(" ", line).split():
        masked = _NUMBER if any(letter.isdigit() for letter in word) else word
        if masked != _NUMBER or words[-1:] != [_NUMBER]:
            words.append(masked)
    return tuple(words)


def lines_that_lack(shown: str, printed: str) -> list[str]:
    """Return the lines of a shown output that the printed one has not, or not in that order."""
    if (document := _document(shown)) is not None:
        return _keys_that_lack(document, printed)
    found = [words_of(line) for line in _ESCAPES.sub("", printed).splitlines()]
    lacking, place = [], 0
    for line in shown.splitlines():
        words = words_of(line)
        if not set(words) - {"..."}:
            continue
        try:
            place = found.index(words, place) + 1
        except ValueError:
            lacking.append(line)
    return lacking


def is_like(shown: str, printed: str) -> bool:
    """Return whether at least half of the lines shown were printed, in whatever order."""
    found = {words_of(line) for line in printed.splitlines()}
    lines = [line for line in shown.splitlines() if words_of(line)]
    return 2 * sum(words_of(line) in found for line in lines) >= len(lines)


def _document(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _keys_that_lack(shown: object, printed: str) -> list[str]:
    """Return the paths of a shown document that are not in the printed one, which stands on the last lines."""
    start = next((at for at, letter in enumerate(printed) if letter in "{["), 0)
    return sorted(paths(shown) - paths(json.loads(printed[start:])))


def paths(document: object, above: str = "") -> set[str]:
    """Return every path of a document, ``motivos[].codigo``."""
    if isinstance(document, dict):
        return {above} | {path for key, value in document.items() for path in paths(value, f"{above}.{key}")}
    if isinstance(document, list):
        return {above} | {path for value in document for path in paths(value, f"{above}[]")}
    return {above}
