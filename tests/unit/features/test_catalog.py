"""The catalog: complete, unambiguous, lawful; what breaks the law cannot even be declared."""

from __future__ import annotations

import re
from dataclasses import replace

import pyarrow as pa
import pytest

from contracts.errors import TrainingRefusedError, UsageError
from contracts.feature_terms import RiskDirection
from contracts.tables import FORBIDDEN_INPUTS, TABLES_BY_NAME
from features.catalog import CATALOG, FAMILIES, FEATURES, FEATURES_SCHEMA, make_catalog, table_columns
from features.declaration import Family, Feature, RowColumn

PROFILE = FAMILIES[0]
AGE = next(feature for feature in FEATURES if feature.name == "idade_anos")
BOILERPLATE_LENGTH = 25


def with_column(sql: str) -> Family:
    return replace(PROFILE, row_columns=(*PROFILE.row_columns, RowColumn("extra", sql, "")))


def a_feature(formula: str) -> Feature:
    return replace(AGE, name="extra", code="XXX01", formula=formula, text_raises="Sobe.", text_lowers="Desce.")


def test_about_sixty_features_in_seven_families() -> None:
    assert 55 <= len(FEATURES) <= 70
    assert {feature.family for feature in FEATURES} == {family.name for family in FAMILIES}
    assert [family.name for family in FAMILIES] == [
        "perfil", "dividas", "renda", "bens", "movimentacoes", "consultas", "compras",
    ]  # fmt: skip


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.code)
def test_every_feature_is_fully_described(feature: Feature) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]+", feature.name)
    assert re.fullmatch(r"[A-Z]{3}\d{2}", feature.code)
    for text in (feature.description, feature.legal_note, feature.text_raises, feature.text_lowers):
        assert text.endswith(".")
        assert len(text) >= BOILERPLATE_LENGTH
    assert feature.unit
    assert feature.direction in RiskDirection
    assert feature.sources
    assert feature.text_raises != feature.text_lowers


def test_a_description_that_names_a_window_matches_the_name() -> None:
    for feature in FEATURES:
        for days in re.findall(r"_(\d+)_dias", feature.name):
            assert days in feature.description, feature.name


def test_sources_are_columns_of_the_contract_and_never_forbidden() -> None:
    for feature in FEATURES:
        for source in feature.sources:
            table, column = source.split(".")
            assert TABLES_BY_NAME[table].column(column).read, source
            assert column not in FORBIDDEN_INPUTS


def test_sources_follow_the_expressions_through_rows_and_measures() -> None:
    by_name = {feature.name: feature.sources for feature in FEATURES}
    assert by_name["idade_anos"] == ("cliente.data_nascimento", "cliente.registrado_em")
    assert by_name["compras_bandeiras_qtd"] == ("compras.bandeira_cartao", "compras.data_compra")
    assert "consultas.tipo_empresa" in by_name["consultas_30_dias_qtd"]
    assert {source.split(".")[0] for source in by_name["bens_sobre_dividas"]} == {"bem", "divida"}


def test_only_declared_columns_are_handed_to_the_engine() -> None:
    assert table_columns(PROFILE) == ("cpf", "id", "data_nascimento", "uf", "registrado_em")


def test_schema_is_keys_then_the_features() -> None:
    assert FEATURES_SCHEMA.names == ["cpf", "cliente_id", "sem_dados", *(feature.name for feature in FEATURES)]
    for feature in FEATURES:
        expected = pa.string() if feature.name == "uf" else pa.float64()
        assert FEATURES_SCHEMA.field(feature.name) == pa.field(feature.name, expected)


@pytest.mark.parametrize("column", FORBIDDEN_INPUTS)
@pytest.mark.parametrize("form", ["{}", "CASE \"{}\" WHEN 'F' THEN 1 END", "hash(upper({}))", "cliente.{}"])
def test_a_forbidden_column_is_refused_even_encoded(column: str, form: str) -> None:
    with pytest.raises(TrainingRefusedError, match=column):
        make_catalog([with_column(form.format(column))], [AGE])


def test_a_forbidden_column_is_refused_wherever_it_is_named() -> None:
    with pytest.raises(TrainingRefusedError, match="sexo"):
        make_catalog([replace(PROFILE, row_filter="registrado_em < corte() AND SEXO = 'F'")], [AGE])
    with pytest.raises(TrainingRefusedError, match="estado_civil"):
        make_catalog([PROFILE], [a_feature("perfil.estado_civil")])
    with pytest.raises(TrainingRefusedError, match="produto"):
        make_catalog([PROFILE], [replace(AGE, sources=("compras.produto",))])


def test_all_other_mistakes_are_listed_together() -> None:
    wrong = [a_feature("perfil.altura"), replace(AGE, code="XXX01"), a_feature("1 + 1")]
    with pytest.raises(UsageError) as caught:
        make_catalog([PROFILE], wrong)
    message = str(caught.value)
    assert "perfil.altura is not declared" in message
    assert "code 'XXX01' is declared twice" in message
    assert "names no measure" in message


def test_the_catalog_passes_its_own_check() -> None:
    assert make_catalog(CATALOG.families, CATALOG.features) == CATALOG
