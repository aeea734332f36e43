"""JSON from outside, read in one way only: UTF-8, no repeated member, no NaN, no infinity, no endless nesting."""

from __future__ import annotations

import json
from typing import Any


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a text; ValueError if it is anything else.

    >>> parse_object(b'{"alg": "RS256"}')
    {'alg': 'RS256'}
    >>> parse_object(b'{"alg": "RS256", "alg": "none"}')
    Traceback (most recent call last):
    ...
    ValueError: a member occurs twice
    """
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number beyond a double")
    return value
