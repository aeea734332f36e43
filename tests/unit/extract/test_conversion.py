"""Relational columns reach the lake's types exactly, through COPY's text and through typed Arrow columns."""

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from contracts.errors import StoreContractError
from contracts.table_declaration import Kind
from contracts.tables import DIVIDA, FONTE_DE_RENDA
from extract.conversion import BEYOND_DATES, BEYOND_INSTANTS, arrow_type_of, convert_column, records_of
from extract.money import MAX_CENTS
from extract.postgres_copy import parse_csv
from extract.records import Defect

TYPES = {
    "cpf": pa.string(),
    **{c.name: arrow_type_of(c) for c in DIVIDA.read_columns},
}


def records(text: str | bytes):
    data = text.encode() if isinstance(text, str) else text
    return records_of(DIVIDA, parse_csv(pa.py_buffer(data), TYPES))


def column(text, name):
    return records(text).columns[name]


def test_a_plain_line_is_parsed_into_the_lake_types():
    got = records("1,a,c,Loja,1234.56,2025-01-31,2025-01-01 10:00:00.123456,\n")
    assert {name: c.values.to_pylist()[0] for name, c in got.columns.items()} == {
        "cpf": "1",
        "id": "a",
        "cliente_id": "c",
        "empresa": "Loja",
        "valor": 123456,
        "vencimento": date(2025, 1, 31),
        "registrada_em": datetime(2025, 1, 1, 10, 0, 0, 123456),
        "baixada_em": None,
    }
    assert all(c.defects is None for c in got.columns.values())


def test_only_the_columns_that_hold_an_odd_value_are_read_as_bytes():
    table = parse_csv(
        pa.py_buffer(
            b"1,a,c,Loja,1.00,2025-01-31,2025-01-01 10:00:00,\n2,b,c,\xff,NaN,2025-01-31,2025-01-01 10:00:00,infinity\n"
        ),
        TYPES,
    )
    odd = [name for name in table.column_names if pa.types.is_binary(table[name].type)]
    assert odd == ["empresa", "valor", "baixada_em"]
    assert all(table[name].type == TYPES[name] for name in table.column_names if name not in odd)


def test_lines_that_are_no_rows_of_the_query_are_refused():
    with pytest.raises(StoreContractError):
        parse_csv(pa.py_buffer(b"1,a\n"), TYPES)


def test_null_empty_text_quotes_and_line_breaks_are_told_apart():
    text = '1,a,,"",1,2025-01-31,2025-01-01 10:00:00,\n1,b,c,"diz ""oi"",\nfim",1,2025-01-31,2025-01-01 10:00:00,\n'
    got = records(text)
    assert got.columns["cliente_id"].values.to_pylist() == [None, "c"]
    assert got.columns["empresa"].values.to_pylist() == ["", 'diz "oi",\nfim']


def test_bytes_that_are_not_utf8_stop_nothing():
    got = records(b"1,a,c,Jo\xe3o,1.10,2025-01-31,2025-01-01 10:00:00,\n2,b,c,Ana,2,2025-01-31,2025-01-01 10:00:00,\n")
    assert got.columns["empresa"].values.to_pylist() == ["Jo�o", "Ana"]
    assert got.columns["valor"].values.to_pylist() == [110, 200]


def test_no_rows_give_typed_empty_columns():
    got = records("")
    assert len(got) == 0
    assert got.columns["valor"].values.type == pa.int64()


@pytest.mark.parametrize(
    ("text", "cents", "defect"),
    [
        ("NaN", None, Defect.NOT_FINITE),
        ("Infinity", None, Defect.NOT_FINITE),
        ("0.005", 0, 0),
        ("0.015", 2, 0),
        ("-2.675", -268, 0),
        ("90071992547409.93", 9007199254740993, 0),
        ("123456789012345678901234567890", MAX_CENTS, 0),
        ("-123456789012345678901234567890.12", -MAX_CENTS, 0),
        ("abc", None, Defect.WRONG_TYPE),
    ],
)
def test_money_text_never_passes_through_a_float(text, cents, defect):
    got = column(
        f"1,a,c,x,{text},2025-01-31,2025-01-01 10:00:00,\n1,b,c,x,7.10,2025-01-31,2025-01-01 10:00:00,\n", "valor"
    )
    assert got.values.to_pylist() == [cents, 710]
    assert (0 if got.defects is None else got.defects[0]) == defect


@pytest.mark.parametrize(
    ("text", "value", "defect"),
    [
        ("infinity", BEYOND_DATES, 0),
        ("-infinity", BEYOND_DATES, 0),
        ("0044-03-15 BC", BEYOND_DATES, 0),
        ("12025-01-01", BEYOND_DATES, 0),
        ("0001-01-01", date(1, 1, 1), 0),
        ("9999-12-31", date(9999, 12, 31), 0),
        ("2025-02-30", BEYOND_DATES, 0),
        ("ontem", None, Defect.WRONG_TYPE),
    ],
)
def test_odd_dates_do_not_stop_the_run(text, value, defect):
    got = column(f"1,a,c,x,1,{text},2025-01-01 10:00:00,\n1,b,c,x,1,2025-01-31,2025-01-01 10:00:00,\n", "vencimento")
    assert got.values.to_pylist() == [value, date(2025, 1, 31)]
    assert (0 if got.defects is None else got.defects[0]) == defect


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("infinity", BEYOND_INSTANTS),
        ("2025-01-01 10:00:00.5+00", datetime(2025, 1, 1, 10, 0, 0, 500000)),
        ("0001-01-01 00:00:00", datetime(1, 1, 1)),
        ("294276-12-31 23:59:59", BEYOND_INSTANTS),
    ],
)
def test_odd_instants_do_not_stop_the_run(text, value):
    got = column(f"1,a,c,x,1,2025-01-31,{text},\n1,b,c,x,1,2025-01-31,2025-01-01 10:00:00,\n", "registrada_em")
    assert got.values.to_pylist() == [value, datetime(2025, 1, 1, 10)]
    assert got.defects is None


def test_decimals_of_any_precision_become_cents():
    wide = pa.array([Decimal("1.005"), Decimal("1.015"), None, Decimal("-7")], pa.decimal128(38, 10))
    assert convert_column(Kind.MONEY, wide).values.to_pylist() == [100, 102, None, -700]
    whole = pa.array([Decimal(10) ** 37, Decimal(5)], pa.decimal128(38, 0))
    assert convert_column(Kind.MONEY, whole).values.to_pylist() == [MAX_CENTS, 500]
    sliced = pa.array([Decimal("1.10"), Decimal("2.20"), Decimal("3.30")], pa.decimal128(38, 2))[1:]
    assert convert_column(Kind.MONEY, sliced).values.to_pylist() == [220, 330]


def test_a_column_of_another_type_is_a_wrong_type_not_a_null():
    got = convert_column(Kind.MONEY, pa.array([True, None]))
    assert got.defects.tolist() == [Defect.WRONG_TYPE, Defect.NONE]
    got = convert_column(Kind.INSTANT, pa.array([1.5]))
    assert got.values.type == pa.timestamp("us")


def test_read_types_follow_the_contract():
    assert arrow_type_of(FONTE_DE_RENDA.column("valor")).scale == 2


@pytest.mark.parametrize("text", ["0E30", "-0E30", "0E400", "0.00E+999999"])
def test_nothing_is_nothing_whatever_its_exponent(text):
    assert convert_column(Kind.MONEY, pa.array([text])).values.to_pylist() == [0]
