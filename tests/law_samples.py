"""A points table that gives points for everything, consumers with everything, and the way from stores to scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
from bson import ObjectId

from contracts.extraction import CpfRange
from contracts.feature_terms import InputType
from contracts.settings import Settings
from contracts.tables import TABLES, TABLES_BY_NAME
from extract.extraction import extract_range
from features.build import build_features
from features.catalog import FEATURES
from models.points.apply import apply_points, contributions
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from tests.extract_samples import asset, client, debt, income, insert, person, sources_of

EDGES = (-1.0, 0.0, 0.5, 1.0, 2.0, 5.0, 30.0, 90.0, 365.0, 1e3, 1e4, 1e5)
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Judged:
    """What a population comes out as: features, scores with reasons, and every term's points."""

    features: pa.Table
    scores: pa.Table
    contributions: pa.Table

    def of(self, cpf: str) -> dict[str, Any]:
        """Return all that one consumer comes out as, in one dict."""
        place = self.scores["cpf"].to_pylist().index(cpf)
        parts = (self.features, self.scores, self.contributions)
        return {name: value for part in parts for name, value in part.slice(place, 1).to_pylist()[0].items()}


def everything_table() -> PointsTable:
    """Return a points table with a term on every feature, whose every cell has points of its own."""
    terms = []
    for number, feature in enumerate(FEATURES, start=1):
        is_text = feature.dtype == "text"
        axis = Axis(
            feature=feature.name,
            kind=InputType(feature.dtype),
            edges=() if is_text else EDGES,
            groups=(("SP",), ("RJ", "MG")) if is_text else (),
        )
        known = [number * (place - axis.bins // 2) for place in range(axis.bins)]
        points = (*known, 3 if is_text else 0, -number * axis.bins)
        terms.append(Term(feature.code, (axis,), points, feature.text_raises, feature.text_lowers))
    return PointsTable("tudo", 12, ScoreScale(), 600, tuple(terms))


def judge(tables: Mapping[str, pa.Table], as_of: date) -> Judged:
    """Return what lake tables come out as on a date."""
    points, table = everything_table(), build_features(tables, as_of, threads=1)
    return Judged(table, apply_points(points, table), contributions(points, table))


def judge_stores(settings: Settings, as_of: date) -> Judged:
    """Return what the three stores come out as on a date, read as the nightly run reads them."""
    with sources_of(settings) as sources:
        extraction = extract_range(sources, CpfRange(0, None, None), as_of=as_of)
    return judge(extraction.tables, as_of)


def lake_tables(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, pa.Table]:
    """Return rows as the eight tables of the lake; those not given are empty."""
    return {
        table.name: pa.Table.from_pylist(list(rows.get(table.name, ())), schema=table.lake_schema).sort_by("cpf")
        for table in TABLES
    }


def consumer(key: str, cpf: str, *, known: datetime, events: datetime) -> Rows:
    """Return a consumer of whom every store knows something, known at one instant and with events at another."""
    purchase = {"_id": ObjectId(), "cpf": cpf, "data_compra": events, "valor": 80.5, "tipo": "parcelado"}
    return {
        "cliente": [client(key, cpf, registrado_em=known)],
        "divida": [debt(f"{key}-d", key, registrada_em=known, vencimento=(events - timedelta(days=20)).date())],
        "pessoa": [person(key, cpf)],
        "fonte_de_renda": [income(f"{key}-r", cpf, registrada_em=known)],
        "bem": [asset(f"{key}-b", cpf, registrado_em=known)],
        "consultas": [query(cpf, events, "banco")],
        "movimentacoes": [
            {"_id": ObjectId(), "cpf": cpf, "tipo_movimentacao": "credito", "data_movimentacao": events, "valor": 900}
        ],
        "compras": [{**purchase, "bandeira_cartao": "A", "codigo_transacao": str(ObjectId())}],
    }


def query(cpf: str, instant: datetime, kind: str) -> dict[str, Any]:
    """Return one consultation of a consumer's record."""
    return {"_id": ObjectId(), "cpf": cpf, "empresa": f"Empresa {kind}", "tipo_empresa": kind, "data_consulta": instant}


def insert_consumers(settings: Settings, *consumers: Rows) -> None:
    """Insert consumers into the three stores, clients before what belongs to them."""
    insert(settings, {name: [row for one in consumers for row in one[name]] for name in TABLES_BY_NAME})
