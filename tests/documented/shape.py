"""Whether an output has the shape that a page shows: its lines in order, whatever the numbers in them.

A word with a digit in it is as good as any other; so are the lines and bars of tables. ``...`` on a line, or in all
cells of a row, stands for anything. A page shows what a terminal of a hundred columns does, which folds what goes to a
file in one piece: folded cells and lines are as good as whole ones.
"""

from __future__ import annotations

import json
import re

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_DRAWN = re.compile(r"[\u2500-\u259f|]|(?<!\S)[-+=]+(?!\S)")
_BARS = re.compile("[│┃]")
_NUMBER = "#"
FOLDS = 3
"""Most lines that a line of a page's output is folded into."""


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
    found = [words_of(line) for line in unfolded(printed)]
    lines = [line for line in unfolded(shown) if set(words_of(line)) - {"..."}]
    lacking, place, number = [], 0, 0
    while number < len(lines):
        whole = [words_of(" ".join(lines[number : number + parts])) for parts in range(1, FOLDS + 1)]
        parts = next((parts for parts, words in enumerate(whole, 1) if words in found[place:]), 0)
        if parts:
            place = found.index(whole[parts - 1], place) + 1
        else:
            lacking.append(lines[number])
        number += max(parts, 1)
    return lacking


def unfolded(text: str) -> list[str]:
    """Return the lines of an output, a table's folded rows in one line each: those whose first cell is empty go on."""
    lines: list[str] = []
    for line in _ESCAPES.sub("", text).splitlines():
        cells, above = _cells_of(line), _cells_of(lines[-1]) if lines else []
        if cells and not cells[0] and len(cells) == len(above):
            joined = (f"{upper} {lower}".strip() for upper, lower in zip(above, cells, strict=True))
            lines[-1] = f"│ {' │ '.join(joined)} │"
        else:
            lines.append(line)
    return lines


def _cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in _BARS.split(line.strip())[1:-1]]


def is_like(shown: str, printed: str) -> bool:
    """Return whether at least half of the lines shown were printed, in whatever order."""
    found = {words_of(line) for line in unfolded(printed)}
    lines = [line for line in unfolded(shown) if words_of(line)]
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
