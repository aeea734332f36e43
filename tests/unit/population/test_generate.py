"""The stream of blocks: reproducible, a prefix of any larger one, flat in memory, and within its dates."""

import hashlib
import tracemalloc
from dataclasses import replace
from datetime import date

import bson
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contracts.income_frequency import MONTHLY_FACTORS, normalize_frequency
from contracts.reference_date import cutoff_utc
from contracts.table_declaration import Kind, Store
from contracts.tables import TABLES
from population.generate import Block, generate_blocks
from population.parameters import PopulationParameters
from population.raw_schema import FORM, raw_schema

PARAMETERS = PopulationParameters(2_000, 5, date(2025, 6, 30), dirty=0.02)


@pytest.fixture(scope="module")
def block() -> Block:
    return next(generate_blocks(PARAMETERS))


def _digest(blocks) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        for table in (*block.tables.values(), block.defects, block.truth):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table.combine_chunks())
            digest.update(sink.getvalue())
        for name, records in block.irregular.items():
            plain = records if name in ("consultas", "movimentacoes", "compras") else [{"r": repr(r)} for r in records]
            for record in plain:
                digest.update(bson.encode(record))
    return digest.hexdigest()


def test_same_parameters_give_the_same_bytes(block):
    assert _digest([block]) == _digest(generate_blocks(PARAMETERS))


def test_another_seed_gives_other_bytes(block):
    assert _digest([block]) != _digest(generate_blocks(replace(PARAMETERS, seed=6)))


def test_a_smaller_population_is_the_beginning_of_a_larger(block):
    (small,) = generate_blocks(replace(PARAMETERS, clients=150))
    for name, table in small.tables.items():
        assert table.num_rows > 0
        assert table.equals(block.tables[name].slice(0, table.num_rows)), name
        records = small.irregular.get(name, [])
        assert [repr(r) for r in records] == [repr(r) for r in block.irregular.get(name, [])[: len(records)]]


def test_dirt_leaves_all_other_records_alone(block):
    (clean,) = generate_blocks(replace(PARAMETERS, dirty=0.0))
    assert clean.defects.num_rows == 0
    for table in TABLES:
        key = "cpf" if table.name == "pessoa" else table.key
        kept = clean.tables[table.name].filter(
            pc.is_in(clean.tables[table.name][key], value_set=block.tables[table.name][key].combine_chunks())
        )
        assert kept.equals(block.tables[table.name]), table.name
        assert kept.num_rows >= 0.97 * clean.tables[table.name].num_rows


def test_volume_of_events_changes_nothing_else_and_is_what_was_asked(block):
    thrice = next(generate_blocks(replace(PARAMETERS, mean_events=180.0, dirty=0.0)))
    once = next(generate_blocks(replace(PARAMETERS, dirty=0.0)))
    events = [table.name for table in TABLES if table.store is Store.C]
    for table in TABLES:
        if table.store is not Store.C:
            assert thrice.tables[table.name].equals(once.tables[table.name])
    for found, asked in ((once, 60.0), (thrice, 180.0)):
        mean = sum(found.tables[name].num_rows for name in events) / found.consumers
        assert mean == pytest.approx(asked, rel=0.06)
    assert thrice.truth.equals(once.truth)


def test_tables_keep_the_contract(block):
    for table in TABLES:
        rows = block.tables[table.name]
        assert rows.schema.equals(raw_schema(table))
        for column in table.columns:
            if column.name in rows.column_names and not column.nullable:
                assert rows[column.name].null_count == 0, column.name
            if column.length is not None:
                assert pc.max(pc.utf8_length(rows[column.name])).as_py() <= column.length


@pytest.mark.parametrize("as_of", [date(2025, 6, 30), date(2024, 2, 11), date(1998, 12, 31)])
def test_nothing_but_due_dates_lies_after_the_reference_date(as_of):
    clean = next(generate_blocks(replace(PARAMETERS, as_of=as_of, dirty=0.0)))
    cutoff = cutoff_utc(as_of)
    for table in TABLES:
        rows = clean.tables[table.name]
        for column in table.columns:
            if column.kind is Kind.INSTANT:
                assert pc.max(rows[column.name]).as_py() < cutoff, (table.name, column.name)
        if table.known_at and table.ended_at:
            assert not pc.any(pc.less(rows[table.ended_at], rows[table.known_at])).as_py(), table.name
    debts = clean.tables["divida"]
    assert pc.max(debts["vencimento"]).as_py() > as_of
    assert pc.all(pc.less(debts["registrada_em"].cast(pa.date32()), debts["vencimento"])).as_py()
    assert max(clean.truth["data_referencia"].to_pylist()) <= as_of


def test_reference_dates_are_the_month_ends_of_the_period(block):
    dates = sorted(set(block.truth["data_referencia"].to_pylist()))
    assert len(dates) == 36
    assert dates[0] == date(2022, 7, 31)
    assert dates[-1] == date(2025, 6, 30)


def test_all_frequencies_and_money_forms_occur(block):
    spellings = block.tables["fonte_de_renda"]["frequencia"].unique().to_pylist()
    assert {normalize_frequency(text) for text in spellings} == set(MONTHLY_FACTORS)
    assert len(spellings) > 2 * len(MONTHLY_FACTORS)
    for name in ("movimentacoes", "compras"):
        assert set(block.tables[name][FORM].to_pylist()) == {0, 1, 2}


def test_memory_does_not_grow_with_the_population():
    def peak(clients: int) -> int:
        tracemalloc.start()
        before = pa.total_allocated_bytes()
        highest = 0
        for made in generate_blocks(replace(PARAMETERS, clients=clients, dirty=0.0)):
            highest = max(highest, pa.total_allocated_bytes() - before)
            assert made.consumers
        python = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest + python

    two, eight = peak(4_000), peak(16_000)
    assert eight < 1.15 * two


def test_truth_is_a_probability_of_known_consumers(block):
    chances = np.asarray(block.truth["probabilidade"])
    assert ((chances >= 0) & (chances < 1)).all()
    assert set(block.truth["cpf"].to_pylist()) == set(block.tables["cliente"]["cpf"].to_pylist()) | {
        r["cpf"] for r in block.irregular["cliente"] if r["id"] in set(block.truth["cliente_id"].to_pylist())
    }
