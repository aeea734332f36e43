"""Guards the compiled form: it reads back as written, and a hostile or broken file is refused with a clear error."""

from __future__ import annotations

import copy
import json
import math

import pytest

from contracts.artifacts import canonical_json
from contracts.errors import DataIntegrityError, EscoreError
from models.inputs import InputType, RiskDirection
from models.scaling import ScoreScale
from models.scorecard import Scorecard, Term
from models.scorecard_json import parse_scorecard, scorecard_from_json

NUMBER = Term(
    feature="atraso",
    code="ATRASO",
    kind=InputType.NUMBER,
    direction=RiskDirection.MORE_RISK,
    edges=(0.1, 30.0),
    points=(40, -5, -60),
    missing_points=3,
    text_raises="sem atraso",
    text_lowers="atraso",
)
CATEGORY = Term(
    feature="uf",
    code="UF",
    kind=InputType.CATEGORY,
    direction=RiskDirection.FREE,
    groups=(("AC", "SP"), ("São", "😀")),
    points=(-7, 9),
    missing_points=0,
    other_points=-1,
)
CARD = Scorecard("cartão", 12, ScoreScale(), 580, (NUMBER, CATEGORY))


def changed(path: str, value: object) -> object:
    body = copy.deepcopy(CARD.to_json())
    *parents, last = path.split(".")
    target = body
    for key in parents:
        target = target[int(key)] if key.isdigit() else target[key]
    target[int(last) if last.isdigit() else last] = value
    return body


def test_it_reads_back_as_written_bit_for_bit():
    assert parse_scorecard(canonical_json(CARD.to_json())) == CARD
    assert parse_scorecard(canonical_json(CARD.to_json())).sha256 == CARD.sha256


def test_any_change_changes_the_hash():
    assert scorecard_from_json(changed("pontos_base", 581)).sha256 != CARD.sha256
    assert scorecard_from_json(changed("termos.0.limites.0", math.nextafter(0.1, 1))).sha256 != CARD.sha256


def test_texts_are_those_of_the_results_store():
    assert CARD.texts["ATRASO"] == {"aumenta": "sem atraso", "reduz": "atraso"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("formato", 2),
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
        ("termos", []),
        ("termos", {}),
        ("termos.0", None),
        ("termos.0.tipo", "pickle"),
        ("termos.0.tipo", ["double"]),
        ("termos.0.sentido", "sobe"),
        ("termos.0.sentido", "maior_menos_risco"),
        ("termos.0.variavel", "sexo"),
        ("termos.0.variavel", "cpf"),
        ("termos.0.variavel", "x" * 500),
        ("termos.0.codigo", "UF"),
        ("termos.0.variavel", "uf"),
        ("termos.0.pontos", [1, 2]),
        ("termos.0.pontos.0", 10**9),
        ("termos.0.pontos.0", 1.0),
        ("termos.0.pontos.1", 50),
        ("termos.0.pontos_ausente", None),
        ("termos.0.limites", "0,30"),
        ("termos.0.limites", [30.0, 0.1]),
        ("termos.0.limites", [0.1, 0.1]),
        ("termos.0.limites.0", math.inf),
        ("termos.0.limites.0", "0.1"),
        ("termos.0.texto_reduz", "x" * 10_000),
        ("termos.0.__reduce__", "os.system"),
        ("termos.1.grupos", [["AC"]]),
        ("termos.1.grupos.0", "AC"),
        ("termos.1.grupos.0", ["AC", 1]),
        ("termos.1.grupos.0", ["AC", "São"]),
        ("termos.1.sentido", "maior_mais_risco"),
        ("termos.1.pontos_outros", "0"),
    ],
)
def test_a_broken_file_is_refused(path, value):
    with pytest.raises(DataIntegrityError):
        scorecard_from_json(changed(path, value))


@pytest.mark.parametrize("key", sorted(CARD.to_json()))
def test_a_missing_key_is_named(key):
    body = CARD.to_json()
    del body[key]
    with pytest.raises(DataIntegrityError, match=key):
        scorecard_from_json(body)


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
        canonical_json(CARD.to_json()).replace(b'"formato": 1', b'"formato": 1, "formato": 1'),
        json.dumps(CARD.to_json()).replace("0.1,", "NaN,").encode(),
        json.dumps(CARD.to_json()).replace("0.1,", "1e999,").encode(),
    ],
)
def test_bytes_that_are_no_scorecard_are_refused(data):
    with pytest.raises(EscoreError):
        parse_scorecard(data)


def test_a_file_too_large_is_not_even_read():
    with pytest.raises(DataIntegrityError, match="more than"):
        parse_scorecard(b" " * (33 * 1024 * 1024))
