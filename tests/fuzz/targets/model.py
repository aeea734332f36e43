"""Model files, as anybody may have written them: points tables, registered models, history, evidence, distributions."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from contracts.canonical_json import canonical_json
from contracts.feature_terms import InputType
from contracts.manifests import MANIFEST_NAME
from models.history import HISTORY_PATH, EventKind, ModelEvent, read_history
from models.monitoring.drift import find_drift
from models.monitoring.reference_distribution import ReferenceDistribution
from models.points.apply import apply_points
from models.points.document import parse_points_table
from models.points.scaling import ScoreScale
from models.points.table import PointsTable
from models.registered_model import HASH_DIGITS, load_model, model_path
from models.registry import list_models
from models.validation.evidence import Evidence
from tests.fuzz.target import Target
from tests.fuzz.targets.lake import lake, put
from tests.model_samples import OBSERVED_UNTIL, make_evidence, small_table

_ODD_EVENTS: tuple[dict[str, Any], ...] = ({"numero": float("inf")}, {"versao": "\ud800"}, {"quando": 5})
_EVENT = {"evento": "promocao", "numero": 1, "versao": "2025-06-30-1a2b3c4d", "quem": "ana", "motivo": "melhor",
          "quando": "2026-01-02T03:04:05+00:00"}  # fmt: skip


@cache
def _points() -> PointsTable:
    return small_table()


def _read_points(data: bytes) -> None:
    table = parse_points_table(data)
    assert parse_points_table(canonical_json(table.to_json())) == table
    if sum(len(term.points) for term in table.terms) < 2_000:
        _score_with(table)


def _score_with(table: PointsTable) -> None:
    """Score a row of missing values: a table that is accepted can be used."""
    kinds = {axis.feature: axis.kind for term in table.terms for axis in term.axes}
    types = {name: pa.string() if kind is InputType.CATEGORY else pa.float64() for name, kind in kinds.items()}
    if {"cpf", "cliente_id", "sem_dados"} & types.keys():
        return
    columns: dict[str, Any] = {"cpf": ["1"], "cliente_id": ["c"], "sem_dados": [False]}
    rows = pa.table(columns | {name: pa.array([None], kind) for name, kind in types.items()})
    scores = apply_points(table, rows)
    assert scores.num_rows == 1
    low, high = table.raw_score_range
    assert low <= scores["score_bruto"][0].as_py() <= high


_VERSION = "{}-{}"


_OWN = "registrados"
"""A lake without the history that other cases leave."""


def _read_model(data: bytes) -> None:
    """Load a model all of whose documents and texts are these bytes, and whose manifest vouches for them."""
    points = canonical_json(_points().to_json())
    path = f"{OBSERVED_UNTIL}-{_points().sha256[:HASH_DIGITS]}"
    documents = dict.fromkeys(("metricas.json", "treino.json", "decisao.json", "cartao.md", "descricao.md"), data)
    put(model_path(path), {"scorecard.json": points, **documents}, name=_OWN)
    manifest = Path(lake(_OWN).root) / model_path(path) / MANIFEST_NAME
    body = json.loads(manifest.read_bytes())
    when = data.decode("utf-8", "replace")[:40] if data[:1] != b"{" else "2026-01-02T03:04:05+00:00"
    body["meta"] = {"versao": path, "sha256": _points().sha256, "registrado_em": when}
    manifest.write_bytes(canonical_json(body))
    (entry,) = list_models(lake(_OWN))
    assert (entry.model is None) == bool(entry.problem)
    load_model(lake(_OWN), path)


def _read_event(data: bytes) -> None:
    put(f"{HISTORY_PATH}/{_entry_name()}", {"evento.json": data})
    read_history(lake())


@cache
def _entry_name() -> str:
    """Return the name of the entry that the sample is."""
    from datetime import datetime  # noqa: PLC0415

    event = ModelEvent(
        EventKind.PROMOTION, 1, str(_EVENT["versao"]), "ana", datetime.fromisoformat(str(_EVENT["quando"])), "melhor"
    )
    return event.entry_name


def _read_evidence(data: bytes) -> None:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return  # what is no JSON is told by who reads the file
    evidence = Evidence.from_json(body)
    assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


def _read_distribution(data: bytes) -> None:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return
    found = ReferenceDistribution.from_json(body)
    assert ReferenceDistribution.from_json(json.loads(canonical_json(found.to_json()))) == found
    find_drift(found, found, ScoreScale(), observed=None)
    found + found


@cache
def _distribution() -> bytes:
    from models.monitoring.reference_distribution import describe_distribution  # noqa: PLC0415
    from models.points.apply import raw_scores  # noqa: PLC0415

    table = make_evidence(_points())[1]
    return json.dumps(describe_distribution(_points(), table, raw_scores(_points(), table)).to_json()).encode()


@cache
def _evidence() -> bytes:
    return json.dumps(make_evidence(_points())[0].to_json()).encode()


_ODD_COUNTS: tuple[dict[str, Any], ...] = (
    {"linhas": float("inf")},
    {"variaveis": {}, "linhas": 10**400, "pontuacao": {"1": 10**400}},
    {"linhas": "9" * 4000},
    {"modelo": "\ud800"},
)
_axis = st.fixed_dictionaries(
    {
        "variavel": st.sampled_from(["renda", "uf", "sexo", "a\n"]),
        "tipo": st.sampled_from([kind.value for kind in InputType]),
        "sentido": st.sampled_from(["livre", "menos_risco", "mais_risco", "x"]),
        "limites": st.lists(st.floats() | st.integers(), max_size=3),
    }
)
_term = st.fixed_dictionaries(
    {
        "codigo": st.sampled_from(["A", "B", ""]),
        "eixos": st.lists(_axis, min_size=1, max_size=2),
        "pontos": st.lists(st.integers(-20_000, 20_000), min_size=2, max_size=12),
        "texto_aumenta": st.text(max_size=5),
        "texto_reduz": st.text(max_size=5),
    }
)


def _tables() -> st.SearchStrategy[bytes]:
    scale = {
        "pontos_base": st.integers(-20_000, 20_000),
        "chances_base": st.floats(),
        "pontos_para_dobrar": st.floats(),
    }
    body = {
        "formato": st.just(2),
        "nome": st.text(max_size=5),
        "horizonte_meses": st.integers(-1, 200),
        "escala": st.fixed_dictionaries(scale),
        "pontos_base": st.integers(-(10**7), 10**7),
        "termos": st.lists(_term, max_size=3),
    }
    return st.fixed_dictionaries(body).map(lambda table: json.dumps(table).encode())


TARGETS = (
    Target(
        "model/points",
        "a points table's file, scored with where it is accepted",
        ("models.points.document:parse_points_table",),
        lambda: [canonical_json(_points().to_json()), json.dumps(_points().to_json()).encode()],
        _read_points,
        tokens=(b"__reduce__", b"NaN", b"Infinity", b'"formato": 2', b"cos\nsystem\n", b"\x80\x04"),
        grammar=_tables,
    ),
    Target(
        "model/registered",
        "a registered model's documents and texts",
        ("models.registered_model:load_model",),
        lambda: [b'{"assume": true, "verificacoes": []}', "# cartão\n".encode(), b"2026-01-02T03:04:05+00:00"],
        _read_model,
        regressions=(
            b"[" * 60_000,
            b'"2026"',
            b"2026-13-01",
            b'{"assume":1}',
            b"\xff",
        ),
    ),
    Target(
        "model/history",
        "an entry of the models' history",
        ("models.history:_parse_event", "models.history:_read_event"),
        lambda: [canonical_json(_EVENT), json.dumps({**_EVENT, "evento": "aposentadoria"}).encode()],
        _read_event,
        regressions=(
            b"[" * 60_000,
            *(json.dumps({**_EVENT, **part}).encode() for part in _ODD_EVENTS),
        ),
    ),
    Target(
        "model/evidence",
        "a model's evidence",
        ("models.validation.evidence_json:_decode", "models.validation.evidence:Evidence.from_json"),
        lambda: [_evidence()],
        _read_evidence,
        regressions=(
            b'"x"',
            b'{"formato": "%b"}' % (b"A" * 5_000),
        ),
    ),
    Target(
        "model/distribution",
        "what rows looked like to a model: the baseline of the monitor",
        ("models.monitoring.reference_distribution:ReferenceDistribution.from_json",),
        lambda: [_distribution()],
        _read_distribution,
        regressions=(*(json.dumps({**json.loads(_distribution()), **part}).encode() for part in _ODD_COUNTS),),
    ),
)
