"""JSON as the API writes it: money with exactly two decimals, dates in ISO 8601, UTF-8, no spaces."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Context, Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from serve.published.published_score import utc_text

CENT = Decimal("0.01")
_MOST_DIGITS = Context(prec=60)
_LARGEST = Decimal(10) ** 57
"""Beyond it cents do not fit; no column or field of ours holds a hundredth of its digits."""


def encode_json(value: Any) -> bytes:
    """Return a value as JSON; a Decimal is money, and one that is not finite is null.

    Half a character (a lone surrogate), which UTF-8 has no bytes for, is a question mark.

    >>> encode_json({"valor": Decimal("1234.5"), "vencimento": date(2026, 1, 31), "nulo": None})
    b'{"valor":1234.50,"vencimento":"2026-01-31","nulo":null}'
    """
    return _text(value).encode(errors="replace")


def _text(value: Any) -> str:
    writer = _WRITERS.get(type(value))
    return _other_text(value) if writer is None else writer(value)


def _object_text(value: Mapping[str, Any]) -> str:
    return "{" + ",".join([_name_text(name) + _text(item) for name, item in value.items()]) + "}"


def _list_text(value: list[Any] | tuple[Any, ...]) -> str:
    return "[" + ",".join(map(_text, value)) + "]"


@lru_cache(maxsize=1024)
def _name_text(name: str) -> str:
    return f"{encode_basestring(name)}:"


def _money_text(value: Decimal) -> str:
    if not (value.is_finite() and abs(value) < _LARGEST):
        return "null"
    return str(value.quantize(CENT, context=_MOST_DIGITS))


def _other_text(value: Any) -> str:
    """Return the text of a kind that is rare, such as a database's own mapping or an enumeration."""
    return _object_text(value) if isinstance(value, Mapping) else json.dumps(value, allow_nan=False)


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    type(None): lambda _none: "null",
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    dict: _object_text,
    list: _list_text,
    tuple: _list_text,
    Decimal: _money_text,
    datetime: lambda value: f'"{utc_text(value)}"',
    date: lambda value: f'"{value.isoformat()}"',
}
