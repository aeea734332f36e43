"""A planned engine gives each range's own result, whatever it ran before, and keeps no table of it."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError
from features import engines
from features.build import build_features, declared_columns, query_features

AS_OF = date(2025, 6, 30)
Tables = dict[str, pa.Table]


@pytest.fixture(scope="module")
def ranges(make_rows: Any, make_tables: Any) -> list[Tables]:
    return [make_tables(make_rows(seed, clients=clients, as_of=AS_OF)) for seed, clients in ((1, 60), (2, 5), (3, 40))]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[engines.EngineKind]:
    """Engines made from here on, with none idle to begin with."""
    kinds: list[engines.EngineKind] = []
    connect = engines.connect

    def counted(as_of: date, *, threads: int | None) -> Any:
        kinds.append(as_of)
        return connect(as_of, threads=threads)

    engines._ENGINES.close()
    monkeypatch.setattr(engines, "connect", counted)
    return kinds


def fresh(tables: Tables, as_of: date = AS_OF) -> pa.Table:
    engines._ENGINES.close()
    return query_features(tables, as_of, threads=1)


def coded(tables: Tables) -> Tables:
    """The declared columns alone, as Parquet hands them over: texts by dictionary, in more than one chunk."""
    found = {}
    for name, columns in declared_columns().items():
        table = tables[name].select(columns)
        half = table.num_rows // 2
        for place, field in enumerate(table.schema):
            if pa.types.is_string(field.type):
                column = table.column(place)
                chunks = [c.combine_chunks().dictionary_encode() for c in (column.slice(0, half), column.slice(half))]
                table = table.set_column(place, field.name, pa.chunked_array(chunks))
        found[name] = table
    return found


def test_ranges_one_after_another_get_what_each_gets_alone(ranges: list[Tables], made: list[Any]) -> None:
    built = [query_features(tables, AS_OF, threads=1) for tables in [*ranges, ranges[0]]]
    assert len(made) == 1
    assert all(table.equals(fresh(tables)) for table, tables in zip(built, [*ranges, ranges[0]], strict=True))


def test_another_date_or_number_of_threads_is_planned_anew(ranges: list[Tables], made: list[Any]) -> None:
    earlier = AS_OF - timedelta(days=90)
    for as_of in (AS_OF, earlier, AS_OF, earlier):
        assert query_features(ranges[0], as_of, threads=1).num_rows
    query_features(ranges[0], AS_OF, threads=2)
    assert made == [AS_OF, earlier, AS_OF]
    assert query_features(ranges[0], earlier, threads=1).equals(fresh(ranges[0], earlier))


def test_texts_coded_by_dictionary_change_no_bit(ranges: list[Tables]) -> None:
    for tables in ranges:
        assert query_features(coded(tables), AS_OF).equals(query_features(tables, AS_OF))


def test_numbers_are_not_taken_for_coded_texts(ranges: list[Tables]) -> None:
    table = ranges[0]["bem"]
    place = table.schema.get_field_index("tipo")
    numbers = pa.array(range(table.num_rows)).dictionary_encode()
    with pytest.raises(DataIntegrityError, match=r"bem\.tipo is dictionary"):
        build_features({**ranges[0], "bem": table.set_column(place, "tipo", numbers)}, AS_OF)


def test_an_engine_that_failed_is_not_used_again_and_tells_no_value(ranges: list[Tables], made: list[Any]) -> None:
    incomes = ranges[0]["fonte_de_renda"]
    place = incomes.schema.get_field_index("frequencia")
    unknown = incomes.set_column(place, incomes.schema.field(place), pa.array(["segredo"] * incomes.num_rows))
    for _ in range(2):
        with pytest.raises(DataIntegrityError) as caught:
            query_features({**ranges[0], "fonte_de_renda": unknown}, AS_OF, threads=1)
        assert "segredo" not in str(caught.value)
    assert len(made) == 2
    assert query_features(ranges[0], AS_OF, threads=1).equals(fresh(ranges[0]))


def test_no_table_is_held_once_features_are_built(ranges: list[Tables]) -> None:
    query_features(ranges[0], AS_OF, threads=1)
    before = pa.total_allocated_bytes()
    copies = {name: pa.concat_tables([table] * 50).combine_chunks() for name, table in ranges[0].items()}
    held = pa.total_allocated_bytes() - before
    query_features({**copies, "cliente": ranges[0]["cliente"]}, AS_OF, threads=1)
    del copies
    assert pa.total_allocated_bytes() - before < held / 10


def test_threads_never_share_an_engine_and_few_stay_idle(ranges: list[Tables], made: list[Any]) -> None:
    expected = [fresh(tables) for tables in ranges]
    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(build_features, ranges[i % 3], AS_OF, threads=1) for i in range(30)]
        assert all(done.result().equals(expected[i % 3]) for i, done in enumerate(work))
    for days in range(engines.KEPT_ENGINES + 3):
        query_features(ranges[1], AS_OF - timedelta(days=days), threads=1)
    assert len(engines._ENGINES._idle) == engines.KEPT_ENGINES


def test_a_forked_process_plans_for_itself(ranges: list[Tables]) -> None:
    expected = query_features(ranges[1], AS_OF, threads=1)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        assert pool.submit(build_features, ranges[1], AS_OF, threads=1).result(timeout=60).equals(expected)
