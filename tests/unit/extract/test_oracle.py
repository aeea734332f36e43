"""Base A's queries are Oracle SQL, and what oracledb's data frames hold becomes the lake's types.

Nothing here has run on Oracle: the SQL is parsed as Oracle's, and the frame is a hand-written stand-in.
"""

import re
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
import sqlglot
from sqlalchemy.dialects.oracle.oracledb import OracleDialect_oracledb

from contracts.extraction import CpfRange
from contracts.tables import CLIENTE, DIVIDA
from extract import base_a
from extract.conversion import records_of
from extract.first_data import any_known_query, first_known_query
from extract.oracle_frames import BATCH_ROWS, fetch_frames
from extract.partitions import boundary_query

NOT_ORACLE = re.compile(
    r"\bLIMIT\b|::|DISTINCT ON|ON CONFLICT|\bILIKE\b|FETCH (?!.*\bONLY\b)|\bBOOLEAN\b|\bTRUE\b|\bFALSE\b|%"
    r"| AS \w+\s*(WHERE|JOIN|ON)\b",
    re.IGNORECASE,
)
DAY = date(2025, 6, 30)
BOUNDED = CpfRange(1, "10000000000", "20000000000")
RANGES = [BOUNDED, CpfRange(0, None, "1"), CpfRange(2, "2", None), CpfRange(0, None, None)]
QUERIES = [
    *(query for cpf_range in RANGES for query in base_a.range_queries(cpf_range).values()),
    *(
        made
        for query in (base_a.range_queries(cpf_range)[CLIENTE] for cpf_range in RANGES)
        for made in (base_a.changed_query(query, CLIENTE, datetime(2025, 1, 1)), base_a.key_query(query, CLIENTE))
    ),
    *base_a.stray_queries().values(),
    boundary_query(20_000),
    *(made for table in (CLIENTE, DIVIDA) for made in (any_known_query(table, DAY), first_known_query(table))),
]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_is_oracle_sql(query):
    text = str(query.compile(dialect=OracleDialect_oracledb()))
    assert len(sqlglot.parse(text, read="oracle", error_level=sqlglot.ErrorLevel.RAISE)) == 1
    assert not NOT_ORACLE.search(text), text


@pytest.mark.parametrize(
    "text", ["SELECT 1 FROM a LIMIT 1", "SELECT a::int FROM t", "SELECT a FROM t AS x WHERE a = 1"]
)
def test_the_deny_list_denies(text):
    assert NOT_ORACLE.search(text)


def test_bounds_are_bound_parameters_never_text():
    compiled = base_a.range_queries(BOUNDED)[DIVIDA].compile(dialect=OracleDialect_oracledb())
    assert "10000000000" not in str(compiled)
    assert sorted(compiled.params.values()) == ["10000000000", "20000000000"]


class Frame:
    """What oracledb gives: an object with the Arrow PyCapsule interface, columns named in capitals."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


class Connection:
    """Answers fetch_df_batches with frames, and remembers what was asked."""

    def __init__(self, *tables: pa.Table) -> None:
        self._tables = tables
        self.asked: tuple[object, ...] = ()

    def fetch_df_batches(self, statement, parameters, size, *, fetch_decimals):
        self.asked = (statement, parameters, size, fetch_decimals)
        return (Frame(table) for table in self._tables)


def debts(count: int, valor: pa.Array, instant: str = "us") -> pa.Table:
    times = [datetime(1969, 12, 31, 23, 59, 59), datetime(2025, 6, 30, 10, 30)][:count]
    return pa.table(
        {
            "CPF": pa.array(["52998224725"] * count, pa.large_string()),
            "ID": [f"d{i}" for i in range(count)],
            "CLIENTE_ID": ["c1"] * count,
            "EMPRESA": ["Loja"] * count,
            "VALOR": valor,
            "VENCIMENTO": pa.array(times, pa.timestamp("s")),
            "REGISTRADA_EM": pa.array(times, pa.timestamp(instant)),
            "BAIXADA_EM": pa.nulls(count, pa.timestamp(instant)),
        }
    )


@pytest.mark.parametrize(
    "valor",
    [
        pa.array([Decimal("10.50"), Decimal("0.01")], pa.decimal128(14, 2)),
        pa.array([Decimal("10.5"), Decimal("0.0100000000")], pa.decimal128(38, 10)),
        pa.array([10.5, 0.01], pa.float64()),
    ],
)
@pytest.mark.parametrize("instant", ["s", "us", "ns"])
def test_frames_become_the_lake_types(valor, instant):
    connection = Connection(debts(2, valor, instant), debts(0, valor[:0], instant))
    query = base_a.range_queries(BOUNDED)[DIVIDA]
    records = records_of(DIVIDA, fetch_frames(connection, query))
    assert connection.asked[2:] == (BATCH_ROWS, True)
    assert records.columns["cpf"].values.to_pylist() == ["52998224725"] * 2
    assert records.columns["valor"].values.to_pylist() == [1050, 1]
    assert records.columns["vencimento"].values.to_pylist() == [date(1969, 12, 31), date(2025, 6, 30)]
    assert records.columns["registrada_em"].values.type == pa.timestamp("us")
    assert records.columns["registrada_em"].values.to_pylist() == [
        datetime(1969, 12, 31, 23, 59, 59),
        datetime(2025, 6, 30, 10, 30),
    ]
    assert all(column.defects is None for column in records.columns.values())


def test_an_empty_answer_is_an_empty_table():
    connection = Connection(debts(0, pa.array([], pa.decimal128(14, 2))))
    assert len(records_of(DIVIDA, fetch_frames(connection, base_a.stray_queries()[DIVIDA]))) == 0
