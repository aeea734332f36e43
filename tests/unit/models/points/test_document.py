"""Guards the compiled form: it reads back as written, and a hostile or broken file is refused with a clear error."""

from __future__ import annotations

import copy
import json
import math

import pytest

from contracts.canonical_json import canonical_json
from contracts.errors import DataIntegrityError, EscoreError
from contracts.feature_terms import InputType, RiskDirection
from models.points.document import parse_points_table, points_table_from_json
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from tests.points_samples import make_points

LATE = Axis("atraso", InputType.NUMBER, RiskDirection.MORE_RISK, edges=(0.1, 30.0))
STATE = Axis("uf", InputType.CATEGORY, groups=(("AC", "SP"), ("São", "😀", "")))
TABLE = PointsTable(
    "cartão",
    12,
    ScoreScale(),
    580,
    (
        Term("ATRASO", (LATE,), (40, -5, -60, 0, 3), "sem atraso", "atraso"),
        Term("UF", (STATE,), (-7, 9, -1, 0)),
        Term("ATRASO*UF", (LATE, STATE), (1, 2, 3, 4, 0, 0, 0, 0, 0, 0, -9, 0, 0, 0, 0, 0, 5, 5, 5, 5)),
    ),
)


def changed(path: str, value: object) -> object:
    body = copy.deepcopy(TABLE.to_json())
    *parents, last = path.split(".")
    target = body
    for key in parents:
        target = target[int(key)] if key.isdigit() else target[key]
    target[int(last) if last.isdigit() else last] = value
    return body


def test_it_reads_back_as_written_bit_for_bit():
    assert parse_points_table(canonical_json(TABLE.to_json())) == TABLE
    assert parse_points_table(canonical_json(TABLE.to_json())).sha256 == TABLE.sha256


@pytest.mark.parametrize("seed", range(5))
def test_any_valid_table_reads_back(seed):
    table = make_points(seed)
    assert parse_points_table(canonical_json(table.to_json())) == table


def test_a_model_of_no_terms_reads_back():
    table = PointsTable("vazio", 12, ScoreScale(), 600, ())
    assert parse_points_table(canonical_json(table.to_json())) == table
    assert (table.features, table.raw_score_range) == ((), (600, 600))


def test_any_change_changes_the_hash():
    assert points_table_from_json(changed("pontos_base", 581)).sha256 != TABLE.sha256
    assert points_table_from_json(changed("termos.0.eixos.0.limites.0", math.nextafter(0.1, 1))).sha256 != TABLE.sha256
    assert points_table_from_json(changed("termos.2.pontos.19", 6)).sha256 != TABLE.sha256


def test_texts_are_those_of_the_results_store():
    assert TABLE.texts["ATRASO"] == {"aumenta": "sem atraso", "reduz": "atraso"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("formato", 1),
        ("formato", True),
        ("nome", ""),
        ("nome", "a\nb"),
        ("nome", None),
        ("horizonte_meses", 0),
        ("horizonte_meses", "12"),
        ("pontos_base", 1.5),
        ("pontos_base", 10**12),
        ("pontos_base", True),
        ("escala", []),
        ("escala.pontos_para_dobrar", 0),
        ("escala.chances_base", "10"),
        ("escala.chances_base", 10**400),
        ("termos", {}),
        ("termos.0", None),
        ("termos.0.codigo", "UF"),
        ("termos.0.codigo", "x" * 500),
        ("termos.0.pontos", [1, 2]),
        ("termos.0.pontos", "40"),
        ("termos.0.pontos.0", 10**9),
        ("termos.0.pontos.0", 1.0),
        ("termos.0.pontos.1", 50),
        ("termos.0.texto_reduz", "x" * 10_000),
        ("termos.0.__reduce__", "os.system"),
        ("termos.0.eixos", []),
        ("termos.0.eixos", None),
        ("termos.0.eixos.0", "atraso"),
        ("termos.0.eixos.0.tipo", "pickle"),
        ("termos.0.eixos.0.tipo", ["double"]),
        ("termos.0.eixos.0.sentido", "sobe"),
        ("termos.0.eixos.0.sentido", "maior_menos_risco"),
        ("termos.0.eixos.0.variavel", ""),
        ("termos.0.eixos.0.variavel", "x" * 500),
        ("termos.0.eixos.0.variavel", "uf"),
        ("termos.0.eixos.0.limites", "0,30"),
        ("termos.0.eixos.0.limites", [30.0, 0.1]),
        ("termos.0.eixos.0.limites", [0.1, 0.1]),
        ("termos.0.eixos.0.limites.0", math.inf),
        ("termos.0.eixos.0.limites.0", "0.1"),
        ("termos.0.eixos.0.grupos", []),
        ("termos.1.eixos.0.grupos", [["AC"]]),
        ("termos.1.eixos.0.grupos.0", "AC"),
        ("termos.1.eixos.0.grupos.0", ["AC", 1]),
        ("termos.1.eixos.0.grupos.0", ["AC", "São"]),
        ("termos.1.eixos.0.grupos.0", ["AC", "\ud800"]),
        ("termos.1.eixos.0.sentido", "maior_mais_risco"),
        ("termos.2.pontos", [0] * 19),
        ("termos.2.pontos.8", 200),
        ("termos.2.eixos.1", LATE.feature),
        ("termos.2.eixos.0.variavel", "uf"),
        ("termos.2.eixos.0.sentido", "livre"),
    ],
)
def test_a_broken_file_is_refused(path, value):
    with pytest.raises(DataIntegrityError):
        points_table_from_json(changed(path, value))


@pytest.mark.parametrize("key", sorted(TABLE.to_json()))
def test_a_missing_key_is_named(key):
    body = TABLE.to_json()
    del body[key]
    with pytest.raises(DataIntegrityError, match=key):
        points_table_from_json(body)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"\x80\x04\x95cos\nsystem\n",
        b"[]",
        b"null",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"1" * 5_000,
        canonical_json(TABLE.to_json()).replace(b'"formato": 2', b'"formato": 2, "formato": 2'),
        json.dumps(TABLE.to_json()).replace("0.1,", "NaN,").encode(),
        json.dumps(TABLE.to_json()).replace("0.1,", "1e999,").encode(),
    ],
)
def test_bytes_that_are_no_points_table_are_refused(data):
    with pytest.raises(EscoreError):
        parse_points_table(data)


def test_a_file_too_large_is_not_even_read():
    with pytest.raises(DataIntegrityError, match="more than"):
        parse_points_table(b" " * (33 * 1024 * 1024))
