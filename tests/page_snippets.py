"""The snippets of a page of the documentation, each with what the page says it prints, and the shape of that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
SHOWN = frozenset({"json", "text"})
_WORDS = {
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}": "UUID",
    r"\*\*\*\.[0-9]{3}\.[0-9]{3}-\*\*": "CPF",
    r"-?[0-9]+\.[0-9]+": "NUMBER",
    r"baixo|regular|bom|muito_bom": "BAND",
}


@dataclass(frozen=True)
class Snippet:
    """One block of a language: the section it stands in, its text, and what the page shows that it prints, if so."""

    section: str
    language: str
    text: str
    shown: str | None


def snippets(page: Path) -> list[Snippet]:
    """Return the blocks of a page that are run; several before one output all print that output."""
    found: list[Snippet] = []
    for section, body in _sections(page.read_text("utf-8")):
        waiting: list[tuple[str, str]] = []
        for language, text in FENCE.findall(body):
            if language in SHOWN:
                found += [Snippet(section, known, code, text) for known, code in waiting]
                waiting = []
            else:
                waiting.append((language, text))
        found += [Snippet(section, known, code, None) for known, code in waiting]
    return found


def _sections(text: str) -> Iterator[tuple[str, str]]:
    parts = HEADING.split(text)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def shape(printed: str) -> Any:
    """Return what is the same whoever is asked about: kinds of values, words and statuses, but no one's ids or points.

    JSON gives its fields and their kinds, where null may stand for any and a list's items are of one kind. Other text
    gives its lines, numbers with a fraction, ids, bands and reasons by kind; lines of one kind in a row are one.

    >>> shape('{"a": [1, 2], "b": null}'), shape("512 bom OK\\n-25 D01 Texto\\n+3 R01 Outro")
    ({'a': ['number'], 'b': None}, ['POINTS BAND OK', 'REASON'])
    """
    if printed.lstrip().startswith(("{", "[")):
        return _json_shape(json.loads(printed))
    lines = [_line_shape(line) for line in printed.strip().splitlines()]
    return [line for number, line in enumerate(lines) if number == 0 or line != lines[number - 1]]


def agree(first: Any, second: Any) -> bool:
    """Return whether two shapes are one, null being of any kind and an empty list of any items.

    >>> agree({"a": None, "b": []}, {"a": "text", "b": ["number"]}), agree({"a": "text"}, {"b": "text"})
    (True, False)
    """
    if first is None or second is None:
        return True
    if isinstance(first, dict) and isinstance(second, dict):
        return list(first) == list(second) and all(agree(first[name], second[name]) for name in first)
    if isinstance(first, list) and isinstance(second, list) and first[:1] != [str] and second[:1] != [str]:
        if not first or not second:
            return True
        return len(first) == len(second) and all(agree(*pair) for pair in zip(first, second, strict=True))
    return bool(first == second)


def _json_shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json_shape(part) for name, part in value.items()}
    if isinstance(value, list):
        kinds = [_json_shape(part) for part in value]
        return [kind for number, kind in enumerate(kinds) if kind not in kinds[:number]]
    if isinstance(value, bool) or value is None:
        return value
    return "number" if isinstance(value, int | float) else "text"


def _line_shape(line: str) -> str:
    if re.match(r"[+-][0-9]+ [A-Z]", line):
        return "REASON"
    if re.fullmatch(r"[0-9]+ (baixo|regular|bom|muito_bom) OK", line):
        return "POINTS BAND OK"
    for pattern, kind in _WORDS.items():
        line = re.sub(pattern, kind, line)
    return line
