"""The API's JSON says what Python's own says, but for money, days and instants."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.api.json_text import encode_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers() | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@given(VALUES)
def test_plain_values_are_as_python_writes_them(value):
    assert encode_json(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_money_has_two_decimals_or_is_null(amount):
    text = encode_json(amount).decode()
    if amount.is_finite() and abs(amount) < Decimal(10) ** 57:
        assert text.rpartition(".")[2].isdigit()
        assert len(text.rpartition(".")[2]) == 2
        assert abs(Decimal(text) - amount) <= Decimal("0.005")
    else:
        assert text == "null"


class Word(StrEnum):
    YES = "sim"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.005"), "0.00"),
        (Decimal("0.015"), "0.02"),
        (date(2026, 1, 31), '"2026-01-31"'),
        (datetime(2026, 1, 31, 23, 59, 59, 999999), '"2026-01-31T23:59:59Z"'),
        (MappingProxyType({"a": (Decimal(1),)}), '{"a":[1.00]}'),
        (Word.YES, '"sim"'),
        (0.25, "0.25"),
        ('\u2028\0"\\', '"\u2028\\u0000\\"\\\\"'),
    ],
)
def test_other_kinds(value, text):
    assert encode_json(value).decode() == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"x", {1}])
def test_what_json_cannot_say_is_an_error(value):
    with pytest.raises((ValueError, TypeError)):
        encode_json({"a": value})
