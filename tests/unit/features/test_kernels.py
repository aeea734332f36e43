"""One expression, one aggregate at a time: Arrow's kernels and the folds give what DuckDB gives for the same text."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError, UsageError
from contracts.reference_date import cutoff_utc
from features.catalog import CATALOG, make_catalog
from features.declaration import Measure
from features.folds import OwnedRows
from features.kernels import Evaluation
from features.plan import plan_catalog
from features.syntax import Constant, Fold, Name, parse
from features.vocabulary import date_kernels, macro_statements

ROWS, OWNERS = 400, 60
AS_OF = date(2019, 6, 30)
"""Daylight saving time ended in the five years before it."""


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = random.Random(1)
    cutoff = cutoff_utc(AS_OF)

    def some(*choices: Any) -> list[Any]:
        return [rng.choice((None, *choices)) for _ in range(ROWS)]

    instants = [cutoff - timedelta(days=d, microseconds=m) for d in (1, 29, 90, 364, 365) for m in (0, 1, 10**10)]
    return pa.table(
        {
            "dono": pa.array(np.sort(np.random.default_rng(2).integers(0, OWNERS, ROWS))),
            "n": pa.array(some(-3, 0, 1, 7, 2**40), pa.int64()),
            "d": pa.array(some(0, 1, 2), pa.int64()),
            "s": pa.array(some(True, False), pa.bool_()),
            "t": pa.array(some(*instants, datetime(2018, 11, 4, 2, 59), datetime(2018, 11, 4, 3)), pa.timestamp("us")),
            "dia": pa.array(some(date(2016, 2, 29), AS_OF, date(1960, 7, 1)), pa.date32()),
            "x": pa.array(some("a", "A ", " b", "", "ação")),
            "y": pa.array(some("b", "c")).dictionary_encode(),
        }
    )


EXPRESSIONS = (
    "n + d", "n - d", "n * d", "-n", "n // 7", "n < d", "n <= 1", "n > d", "n >= 7", "n = d", "n <> d", "s AND n > 0",
    "s OR n > 0", "NOT s", "n IS NULL", "x IS NULL", "y IS NULL", "n BETWEEN 0 AND d", "d IN (0, 2)", "x IN ('a', '')",
    "y IN ('b', 'z')", "coalesce(n, d, 5)", "coalesce(s, FALSE)", "greatest(n, 0)", "greatest(n, d)", "x = 'a'",
    "y = 'b'", "y <> 'b'", "x = y", "lower(trim(x))", "lower(y)", "trim(x) = 'b'", "CASE WHEN s THEN n END",
    "CASE WHEN s THEN n ELSE d END", "CASE WHEN s THEN 1 WHEN d = 1 THEN n ELSE 0 END", "CASE y WHEN 'b' THEN 1 END",
    "CAST(s AS INTEGER)", "CAST(n AS DOUBLE)", "sqrt(CAST(d AS DOUBLE))", "year(dia)", "month(dia)", "day(dia)",
    "dia - data_referencia()", "dia <= data_referencia()", "dia >= prescricao()", "t < corte() - INTERVAL 90 DAY",
    "dias_ate_corte(t)", "data_local(t)", "data_local(t) - dia", "razao(n, d)", "razao(d, 3)", "reais(n)",
    "corte()", "3",    "CASE WHEN n IS NULL OR n >= -3 THEN d ELSE error('nunca') END",
)  # fmt: skip

AGGREGATES = (
    "count(*)", "count(n)", "count(*) FILTER (WHERE s)", "count(n) FILTER (WHERE s)",
    "sum(CASE WHEN s THEN d ELSE 0 END)", "sum(d)", "sum(d) FILTER (WHERE s)", "sum(n * d)", "min(n)",
    "min(n) FILTER (WHERE s)", "max(d)", "max(n - d)", "count(DISTINCT x)",
    "max(CASE WHEN s THEN d ELSE 0 END)", "count(DISTINCT y)", "count(DISTINCT y) FILTER (WHERE s)",
    "count(DISTINCT lower(y)) FILTER (WHERE n > 0 AND d < 2)", "sum(1)", "min(d) FILTER (WHERE s AND NOT s)",
)  # fmt: skip


def evaluation(table: pa.Table) -> Evaluation:
    columns: Mapping[str, pa.Array] = {name: table[name].combine_chunks() for name in table.column_names}
    return Evaluation(columns, table.num_rows, date_kernels(AS_OF))


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        for statement in macro_statements(AS_OF):
            connection.execute(statement)
        yield connection


@pytest.mark.parametrize("sql", EXPRESSIONS)
def test_an_expression_is_what_duckdb_says(sql: str, table: pa.Table, engine: duckdb.DuckDBPyConnection) -> None:
    [node] = parse([sql])
    engine.register("linhas", table)
    expected = [value for (value,) in engine.execute(f"SELECT {sql} FROM linhas").fetchall()]
    assert evaluation(table).array(node).to_pylist() == expected
    assert len(set(map(str, expected))) > 1 or sql in ("corte()", "3")


@pytest.mark.parametrize("sql", AGGREGATES)
def test_an_aggregate_is_what_duckdb_says(sql: str, table: pa.Table, engine: duckdb.DuckDBPyConnection) -> None:
    [fold] = parse([sql])
    assert isinstance(fold, Fold)
    for rows in (ROWS, 1, 0):
        part = table.slice(0, rows)
        engine.register("linhas", part)
        expected = dict(engine.execute(f"SELECT dono, {sql} FROM linhas GROUP BY dono").fetchall())
        folded = OwnedRows(evaluation(part), part["dono"].to_numpy(), OWNERS).fold(fold).to_pylist()
        assert folded == [expected.get(owner) for owner in range(OWNERS)]


def test_equal_parts_of_a_plan_are_one_node_and_false_is_not_zero() -> None:
    first, second, truth, zero = parse(["n + d > 1", "CASE WHEN n + d > 1 THEN 1 END", "s = FALSE", "s = 0"])
    assert isinstance(second, type(parse(["CASE WHEN s THEN 1 END"])[0]))
    assert second.branches[0][0] is first
    assert truth != zero
    assert parse(["a.B"]) == (Name("a.b"),)
    assert parse(["1"]) == (Constant(1, "INTEGER"),)


@pytest.mark.parametrize("sql", ["n +", "(SELECT 1)", "sum(n) OVER ()", "n LIKE 'a'", "1.5"])
def test_what_declarations_do_not_use_is_refused(sql: str, table: pa.Table) -> None:
    with pytest.raises(UsageError):
        evaluation(table).array(parse([sql])[0])


@pytest.mark.parametrize("sql", ["nenhuma + 1", "md5(x)", "sum(n)"])
def test_what_has_no_value_here_is_refused(sql: str, table: pa.Table) -> None:
    with pytest.raises(UsageError):
        evaluation(table).array(parse([sql])[0])


def test_numbers_that_do_not_fit_are_told_and_never_wrap(table: pa.Table) -> None:
    for sql in ("n * n", "n * 9000000000000", "sqrt(CAST(n AS DOUBLE))", "n // (d - d)"):
        with pytest.raises(pa.ArrowInvalid):
            evaluation(table).array(parse([sql])[0])
    large = pa.table({"dono": pa.array([0, 0, 1]), "n": pa.array([2**62, 2**62, 1])})
    [fold] = parse(["sum(n)"])
    assert isinstance(fold, Fold)
    with pytest.raises(pa.ArrowInvalid):
        OwnedRows(evaluation(large), large["dono"].to_numpy(), 2).fold(fold)


def test_an_error_is_raised_for_the_rows_that_reach_it_and_names_none(table: pa.Table) -> None:
    with pytest.raises(DataIntegrityError) as caught:
        evaluation(table).array(parse(["CASE WHEN s THEN 1 ELSE error('segredo') END"])[0])
    assert "segredo" not in str(caught.value)


def test_a_measure_that_is_no_aggregate_cannot_be_planned() -> None:
    base, family, *_ = CATALOG.families
    fields = {name: getattr(family, name) for name in family.__slots__}
    strange = type(family)(**fields | {"measures": (*family.measures, Measure("soma", "count(*) + 1", ""))})
    with pytest.raises(UsageError, match="soma"):
        plan_catalog(make_catalog([base, strange], CATALOG.features[:1]))
