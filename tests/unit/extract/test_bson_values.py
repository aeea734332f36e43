"""BSON values become the lake's types exactly, and what cannot is named, never silently null."""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import bson
import pytest
from bson import Binary, Int64, ObjectId
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.extraction import CpfRange
from contracts.tables import COMPRAS, CONSULTAS
from extract.base_c import decode_documents
from extract.bson_walker import open_batch
from extract.money import MAX_CENTS
from extract.record_keys import key_texts
from extract.records import Defect
from tests.extract_samples import bson_array


def decode(*docs, table=COMPRAS):
    return decode_documents(table, open_batch([bson_array(bson.encode(doc) for doc in docs)]))


def money(*values):
    return decode(*({"valor": value} for value in values)).columns["valor"]


def expected_cents(value: Decimal) -> int:
    with localcontext() as context:
        context.prec = 6200
        cents = int((value * 100).to_integral_value(rounding=ROUND_HALF_EVEN))
    return max(-MAX_CENTS, min(MAX_CENTS, cents))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(min_size=16, max_size=16).map(Decimal128.from_bid), min_size=1, max_size=20))
def test_any_decimal128_agrees_with_decimal_arithmetic(values):
    column = money(*values)
    for value, cents in zip(values, column.values.to_pylist(), strict=True):
        exact = value.to_decimal()
        assert cents == (expected_cents(exact) if exact.is_finite() else None)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.decimals(-(10**12), 10**12, allow_nan=False), min_size=1, max_size=20), st.integers(-25, 6))
def test_plausible_decimal128_agrees_with_decimal_arithmetic(values, exponent):
    with localcontext() as context:
        context.prec = 34
        scaled = [Decimal128((+value).scaleb(exponent)) for value in values]
    cents = [expected_cents(value.to_decimal()) for value in scaled]
    assert money(*scaled).values.to_pylist() == cents


@pytest.mark.parametrize(
    ("value", "cents"),
    [
        (Decimal128("0.005"), 0),
        (Decimal128("0.015"), 2),
        (Decimal128("-0.025"), -2),
        (Decimal128("0.0050000000000000000000001"), 1),
        (Decimal128("92233720368547758.08"), MAX_CENTS),
        (Decimal128("1E+6000"), MAX_CENTS),
        (Decimal128("-1E+30"), -MAX_CENTS),
        (Decimal128("0E+6000"), 0),
        (Decimal128("9223372036854775807E-19"), 92),
        (Decimal128("9223372036854775807E-21"), 1),
        (Decimal128("4999999999999999999E-21"), 0),
        (10.075, 1007),
        (0.125, 12),
        (0.375, 38),
        (1e300, MAX_CENTS),
        (-1e300, -MAX_CENTS),
        (7, 700),
        (Int64(2**63 - 1), MAX_CENTS),
        (Int64(-(2**63)), -MAX_CENTS),
    ],
)
def test_cents_are_exact_half_to_even_and_held_in_range(value, cents):
    assert money(value).values.to_pylist() == [cents]


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal128("NaN"), Decimal128("-Infinity"), Decimal128("sNaN")]
)
def test_not_a_number_is_told_from_missing(value):
    column = money(value, None, 1)
    assert column.values.to_pylist() == [None, None, 100]
    assert column.defects.tolist() == [Defect.NOT_FINITE, Defect.NONE, Defect.NONE]


@pytest.mark.parametrize("value", ["12.50", True, {"a": 1}, [1], Binary(b"1"), ObjectId(), datetime(2025, 1, 1)])
def test_a_wrong_type_is_told_from_missing(value):
    column = money(value)
    assert column.values.to_pylist() == [None]
    assert column.has(Defect.WRONG_TYPE).tolist() == [True]
    assert column.has(Defect.TEXT).tolist() == [isinstance(value, str)]


def test_dates_are_utc_microseconds_and_extremes_do_not_wrap():
    docs = [{"data_compra": v} for v in (datetime(1969, 12, 31, 23, 59, 59, 999000), DatetimeMS(2**62), "2025-01-01")]
    column = decode(*docs).columns["data_compra"]
    milliseconds = [None if v is None else v.as_py() if i == 0 else None for i, v in enumerate(column.values)]
    assert milliseconds[0] == datetime(1969, 12, 31, 23, 59, 59, 999000)
    assert column.values.cast("int64")[1].as_py() > 4 * 10**18
    assert column.has(Defect.WRONG_TYPE).tolist() == [False, False, True]


def test_text_that_is_not_utf8_is_kept_with_replacement_characters():
    good = bson.encode({"cpf": "1", "tipo": "crédito 💳\0fim"})
    bad = bson.encode({"cpf": "2", "tipo": "XXXX"}).replace(b"XXXX", b"\xe9t\xe9!")
    records = decode_documents(COMPRAS, open_batch([bson_array([good, bad])]))
    assert records.columns["tipo"].values.to_pylist() == ["crédito 💳\0fim", "�t�!"]
    assert records.columns["cpf"].values.to_pylist() == ["1", "2"]


def test_keys_are_object_ids_in_hex_and_hashes_of_anything_else():
    known = ObjectId("0123456789abcdef01234567")
    texts = key_texts(decode({"_id": known}, {"_id": "52998224725"}, {"_id": known}, {}).keys).to_pylist()
    assert texts[0] == texts[2] == "0123456789abcdef01234567"
    assert texts[1].startswith("sha256:")
    assert len(texts[1]) == 23
    assert texts[3] is None
    assert len(set(key_texts(decode({"_id": 1}, {"_id": 2}, {"_id": 2}).keys).to_pylist())) == 2


def test_an_array_of_cpfs_belongs_to_one_range_only():
    raw = bson.encode({"cpf": ["900", "123", 5]})
    batch = open_batch([bson_array([raw])])
    ranges = [CpfRange(0, None, "2"), CpfRange(1, "2", "8"), CpfRange(2, "8", None)]
    assert [len(decode_documents(CONSULTAS, batch, r)) for r in ranges] == [1, 0, 0]
