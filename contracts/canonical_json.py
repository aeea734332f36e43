"""The one byte form of a JSON document, by which artifacts and models are compared and signed.

Sorted keys, UTF-8, one space a level, a newline at the end: the bytes of ``json.dumps(value, sort_keys=True,
ensure_ascii=False, indent=1, allow_nan=False)``. That walks a document item by item in Python as soon as it indents;
here lists of whole numbers, most of a manifest, are joined at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_WHOLE = {int}


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """Return the document's bytes; ValueError if it holds a number that JSON has no word for.

    >>> canonical_json({"b": [1, 2], "a": {}})
    b'{\\n "a": {},\\n "b": [\\n  1,\\n  2\\n ]\\n}\\n'
    """
    return (_text(value, "\n") + "\n").encode()


def _text(value: Any, line: str) -> str:
    """Return a value's text; ``line`` is the line break and indentation of what holds it."""
    if isinstance(value, dict):
        parts = [f"{_key_text(key)}: {_text(item, line + ' ')}" for key, item in sorted(value.items(), key=_key_of)]
        return _block("{", parts, "}", line)
    if isinstance(value, list | tuple):
        if {*map(type, value)} == _WHOLE:
            return _block("[", list(map(str, value)), "]", line)
        return _block("[", [_text(item, line + " ") for item in value], "]", line)
    return _scalar_text(value)


def _block(opening: str, parts: list[str], closing: str, line: str) -> str:
    if not parts:
        return opening + closing
    inner = line + " "
    return f"{opening}{inner}{f',{inner}'.join(parts)}{line}{closing}"


def _scalar_text(value: Any) -> str:
    if type(value) is int:
        return str(value)
    if type(value) is float and isfinite(value):
        return repr(value)
    return _ENCODER.encode(value)


def _key_text(key: Any) -> str:
    """Return a key's text; JSON makes texts of keys that are numbers."""
    return _ENCODER.encode(key if isinstance(key, str) else _scalar_text(key))


def _key_of(item: tuple[Any, Any]) -> Any:
    return item[0]
