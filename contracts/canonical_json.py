"""The one byte form of a JSON document, by which artifacts and models are compared and signed.

Sorted keys, UTF-8, one space a level, a newline at the end: the bytes of ``json.dumps(value, sort_keys=True,
ensure_ascii=False, indent=1, allow_nan=False)``. That walks a document item by item in Python as soon as it indents;
here whatever holds no other container, nearly all of a manifest, is left to the encoder in C.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_SCALARS = {int, float, str, bool, type(None)}


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """Return the document's bytes; ValueError if it holds a number that JSON has no word for.

    >>> print(canonical_json({"b": 1, "a": {}}).decode(), end="")
    {
     "a": {},
     "b": 1
    }
    """
    return (_text(value, "\n") + "\n").encode()


def _text(value: Any, line: str) -> str:
    """Return a value's text; ``line`` is the line break and indentation of what holds it."""
    inner = line + " "
    if isinstance(value, dict):
        if not _SCALARS.issuperset(map(type, value.values())):
            keys = sorted(value)
            return _block("{", [f"{_key_text(key)}: {_text(value[key], inner)}" for key in keys], "}", line)
    elif not isinstance(value, list | tuple):
        return _encoder(inner).encode(value)
    elif not _SCALARS.issuperset(map(type, value)):
        return _block("[", [_text(item, inner) for item in value], "]", line)
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    flat = _encoder(inner).encode(value)
    return _block(flat[0], [flat[1:-1]], flat[-1], line)


def _block(opening: str, parts: list[str], closing: str, line: str) -> str:
    inner = line + " "
    return f"{opening}{inner}{f',{inner}'.join(parts)}{line}{closing}"


@lru_cache(maxsize=64)
def _encoder(inner: str) -> json.JSONEncoder:
    """Return an encoder that puts each item of one container on a line of its own."""
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(f",{inner}", ": "))


def _key_text(key: Any) -> str:
    """Return a key's text; JSON makes texts of keys that are numbers."""
    encoder = _encoder("")
    return encoder.encode(key if isinstance(key, str) else encoder.encode(key))
