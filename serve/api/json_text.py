"""JSON as the API writes it: money with exactly two decimals, dates in ISO 8601, UTF-8, no spaces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from serve.published.published_score import utc_text

CENT = Decimal("0.01")


def encode_json(value: Any) -> bytes:
    """Return a value as JSON; a Decimal is money, and one that is not finite is null.

    >>> encode_json({"valor": Decimal("1234.5"), "vencimento": date(2026, 1, 31), "nulo": None})
    b'{"valor":1234.50,"vencimento":"2026-01-31","nulo":null}'
    """
    return _text(value).encode()


def _text(value: Any) -> str:
    match value:
        case Mapping():
            return "{" + ",".join(f"{encode_basestring(key)}:{_text(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_text, value)) + "]"
    return _scalar_text(value)


def _scalar_text(value: Any) -> str:
    match value:
        case str():
            return encode_basestring(value)
        case Decimal():
            return str(value.quantize(CENT)) if value.is_finite() else "null"
        case datetime():
            return f'"{utc_text(value)}"'
        case date():
            return f'"{value.isoformat()}"'
    return json.dumps(value, allow_nan=False)
