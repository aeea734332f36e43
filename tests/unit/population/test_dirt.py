"""Planted defects: every kind occurs, each is listed once with a declared rule, in about the share asked for."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest
from bson import ObjectId

from contracts.rules import RULES
from contracts.tables import TABLES, TABLES_BY_NAME
from population.client_defects import CLIENT_DEFECTS
from population.dirt import DEFECTS_SCHEMA, KINDS
from population.dirt_hand import ODD_TEXTS
from population.generate import Block, generate_blocks
from population.parameters import PopulationParameters

PARAMETERS = PopulationParameters(4_000, 23, date(2025, 6, 30), dirty=0.08)


@pytest.fixture(scope="module")
def blocks() -> list[Block]:
    return list(generate_blocks(PARAMETERS))


@pytest.fixture(scope="module")
def defects(blocks) -> pa.Table:
    return pa.concat_tables([block.defects for block in blocks])


def test_every_kind_occurs_in_every_table(defects):
    found = set(zip(defects["tabela"].to_pylist(), defects["defeito"].to_pylist(), strict=True))
    wanted = {(table.name, kind.name) for table, kinds in KINDS.items() for kind in kinds}
    wanted |= {("cliente", kind.name) for kind in CLIENT_DEFECTS}
    wanted |= {("cliente", name) for name in ODD_TEXTS}
    assert wanted <= found


def test_rules_expected_are_declared_and_cover_all_that_can_be_planted(defects):
    expected = set(defects["regra_esperada"].to_pylist())
    assert expected <= set(RULES)
    assert set(RULES) - expected == {
        "divida_prescrita",
        "consulta_do_titular",
        "fora_da_janela",
        "titular_apagado",
    }


def test_keys_are_those_of_records_and_listed_once(blocks, defects):
    assert defects.schema.equals(DEFECTS_SCHEMA)
    keys = list(zip(defects["tabela"].to_pylist(), defects["chave"].to_pylist(), strict=True))
    assert max(Counter(keys).values()) == 1
    held: set[tuple[str, str]] = set()
    for block in blocks:
        for table in TABLES:
            held |= {(table.name, str(record[table.key])) for record in block.irregular[table.name]}
            clean = block.tables[table.name][table.key].to_pylist()
            held |= {(table.name, str(ObjectId(k)) if isinstance(k, bytes) else k) for k in clean}
    assert set(keys) <= held


def test_the_share_of_spoilt_records_is_the_one_asked_for(blocks, defects):
    pairs = zip(defects["tabela"].to_pylist(), defects["defeito"].to_pylist(), strict=True)
    planted = Counter(table for table, defect in pairs if defect != "filho_de_cliente")
    clean = Counter[str]()
    for block in generate_blocks(replace(PARAMETERS, dirty=0.0)):
        clean.update({name: table.num_rows for name, table in block.tables.items()})
    for name in ("divida", "consultas", "movimentacoes", "compras"):
        assert planted[name] / clean[name] == pytest.approx(PARAMETERS.dirty, rel=0.15)


def test_texts_and_money_fit_their_columns(blocks):
    for block in blocks:
        for name in ("cliente", "divida", "pessoa", "fonte_de_renda", "bem"):
            for record in block.irregular[name]:
                for column in TABLES_BY_NAME[name].columns:
                    value = record[column.name]
                    assert value is not None or column.nullable
                    if column.length is not None and value is not None:
                        assert len(value) <= column.length
                        assert "\0" not in value


def test_unique_columns_stay_unique(blocks):
    for table in TABLES:
        for columns in (*table.unique, (table.primary_key,) if table.primary_key else ()):
            values: list[object] = []
            for block in blocks:
                if columns:
                    values += block.tables[table.name][columns[0]].to_pylist()
                    values += [record[columns[0]] for record in block.irregular[table.name]]
            assert len(set(values)) == len(values)
