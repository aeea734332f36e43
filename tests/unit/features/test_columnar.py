"""Features computed by columns are the declared SQL's, to the bit: DuckDB runs the same texts beside them."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError
from contracts.reference_date import cutoff_utc
from features import build, columnar
from features.build import build_features, declared_columns, query_features
from features.catalog import CATALOG, FEATURES_SCHEMA
from features.plan import plan_catalog

DATES = (
    date(2025, 6, 30),
    date(2024, 2, 29),
    date(2018, 11, 3),  # the day before daylight saving began
    date(2019, 2, 16),  # the day on which it ended for good
    date(1998, 12, 31),
)
AS_OF = DATES[0]
Tables = dict[str, pa.Table]


def computed(tables: Tables, as_of: date = AS_OF, *, threads: int = 1) -> pa.Table:
    """The features by columns alone: no number here may send them to the query."""
    return columnar.compute_features(plan_catalog(CATALOG), tables, as_of, threads=threads, schema=FEATURES_SCHEMA)


def replaced(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    place = table.schema.get_field_index(name)
    field = table.schema.field(place).with_nullable(True)
    return table.set_column(place, field, pa.array(values, field.type))


def shuffled(tables: Tables) -> Tables:
    """The rows in no order, in many chunks, texts coded by a dictionary of each chunk's own."""
    rng, found = random.Random(8), {}
    for name, columns in declared_columns().items():
        table = tables[name].select(columns)
        mixed = table.take(pa.array(rng.sample(range(table.num_rows), table.num_rows), pa.int64()))
        pieces = [mixed.slice(start, 13).combine_chunks() for start in range(0, max(mixed.num_rows, 1), 13)]
        coded = []
        for piece in pieces:
            arrays = [c.combine_chunks().dictionary_encode() if c.type == pa.string() else c for c in piece.columns]
            coded.append(pa.table(arrays, names=piece.column_names))
        found[name] = pa.concat_tables(coded)
    return found


@pytest.mark.parametrize("as_of", DATES, ids=str)
def test_records_at_the_border_of_every_rule(as_of: date, make_rows: Any, make_tables: Any) -> None:
    for seed in range(3):
        tables = make_tables(make_rows(seed, clients=150, as_of=as_of))
        expected = query_features(tables, as_of)
        assert computed(tables, as_of).equals(expected)
        assert computed(shuffled(tables), as_of).equals(expected)


def test_slices_of_any_size_on_any_threads(monkeypatch: pytest.MonkeyPatch, make_rows: Any, make_tables: Any) -> None:
    tables = make_tables(make_rows(4, clients=40, as_of=AS_OF))
    expected = query_features(tables, AS_OF)
    for consumers in (1, 17):
        monkeypatch.setattr(columnar, "SLICE", consumers)
        for threads in (1, 3):
            assert computed(tables, threads=threads).equals(expected)


def test_records_of_nobody_known_are_nobodys(make_rows: Any, make_tables: Any) -> None:
    tables = make_tables(make_rows(5, clients=90, as_of=AS_OF))
    tables["cliente"] = tables["cliente"].filter(pa.array([n % 3 != 1 for n in range(tables["cliente"].num_rows)]))
    assert computed(tables).equals(query_features(tables, AS_OF))


def test_texts_however_they_are_spelt(make_rows: Any, make_tables: Any) -> None:
    rng = random.Random(6)
    kinds = [" Parcelado", "CREDITO\u00a0", "\u3000credito", "\tcredito", "İ", "", "débito", None]
    looks = ["TITULAR", "titular\u2003", "\ttitular", "titularé", " "]
    tables = make_tables(make_rows(6, clients=120, as_of=AS_OF))
    for name, column, choices in (("compras", "tipo", kinds), ("consultas", "tipo_empresa", looks)):
        values = [rng.choice(choices) for _ in range(tables[name].num_rows)]
        tables[name] = replaced(tables[name], column, values)
    assert computed(tables).equals(query_features(tables, AS_OF))


def test_nulls_where_the_lake_holds_none_are_what_sql_says(make_rows: Any, make_tables: Any) -> None:
    rng = random.Random(7)
    tables = make_tables(make_rows(7, clients=120, as_of=AS_OF))
    for name, columns in declared_columns().items():
        for column in columns:
            if column not in ("cpf", "id", "frequencia") and "centavos" not in column:
                values = [None if rng.random() < 0.1 else value for value in tables[name][column].to_pylist()]
                tables[name] = replaced(tables[name], column, values)
    assert computed(tables).equals(query_features(tables, AS_OF))


def moves(tables: Tables, kind: str, cents: int, count: int) -> Tables:
    """The first client with so many movements of so many cents in each month, and no other."""
    [cpf] = tables["cliente"]["cpf"].slice(0, 1).to_pylist()
    days: list[datetime] = [cutoff_utc(AS_OF) - timedelta(days=30 * p + 1) for p in range(12)] * count
    columns = {"cpf": cpf, "tipo_movimentacao": kind, "valor_centavos": cents}
    rows = [{**columns, "data_movimentacao": day} for day in days]
    return {**tables, "movimentacoes": pa.Table.from_pylist(rows, schema=tables["movimentacoes"].schema)}


@pytest.mark.parametrize(
    ("kind", "cents", "count"), [("credito", 10**11, 1), ("credito", 10**11, 200), ("debito", 2**61, 3)]
)
def test_numbers_beyond_64_bits_are_the_querys(
    kind: str, cents: int, count: int, make_rows: Any, make_tables: Any
) -> None:
    """Squares of R$ 1 billion a month, and sums that no record could make: neither wraps around."""
    tables = moves(make_tables(make_rows(9, clients=30, as_of=AS_OF)), kind, cents, count)
    with pytest.raises(pa.ArrowInvalid):
        computed(tables)
    built = build_features(tables, AS_OF)
    assert built.equals(query_features(tables, AS_OF))
    assert built.column("movimentacoes_365_dias_qtd").drop_null().to_pylist() == [12 * count]


def test_what_fits_64_bits_is_not_left_to_the_query(
    monkeypatch: pytest.MonkeyPatch, make_rows: Any, make_tables: Any
) -> None:
    tables = moves(make_tables(make_rows(9, clients=30, as_of=AS_OF)), "credito", 10**8, 2)
    expected = query_features(tables, AS_OF)
    monkeypatch.delattr(build, "query_features")
    assert build_features(tables, AS_OF).equals(expected)


def test_two_clients_of_one_cpf_are_both_answered(make_rows: Any, make_tables: Any) -> None:
    tables = make_tables(make_rows(10, clients=20, as_of=AS_OF))
    twice = pa.concat_tables([tables["cliente"], tables["cliente"].slice(3, 1)])
    built = build_features({**tables, "cliente": twice}, AS_OF)
    assert built.num_rows == build_features(tables, AS_OF).num_rows + 1
    assert built.equals(query_features({**tables, "cliente": twice}, AS_OF))


def test_an_unknown_frequency_stops_only_whom_it_counts_for(make_rows: Any, make_tables: Any) -> None:
    tables = make_tables(make_rows(11, clients=40, as_of=AS_OF))
    incomes = tables["fonte_de_renda"].to_pylist()
    for income in incomes:
        if income["registrada_em"] >= cutoff_utc(AS_OF):
            income["frequencia"] = "segredo"
    later = {**tables, "fonte_de_renda": pa.Table.from_pylist(incomes, schema=tables["fonte_de_renda"].schema)}
    assert any(income["frequencia"] == "segredo" for income in incomes)
    assert computed(later).equals(computed(tables))
    incomes[0] |= {"frequencia": "segredo", "registrada_em": datetime(2020, 1, 1)}
    counted = {**tables, "fonte_de_renda": pa.Table.from_pylist(incomes, schema=tables["fonte_de_renda"].schema)}
    if incomes[0]["cpf"] in computed(tables)["cpf"].to_pylist():
        with pytest.raises(DataIntegrityError) as caught:
            computed(counted)
        assert "segredo" not in str(caught.value)
