"""What a replay shows: a score recomputed, compared with what was published, and everything that it was made from.

It holds one person's own data and goes to the authorised reader who asked for it, never to a log or to Prefect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa

from contracts.cpf_number import mask_cpf
from contracts.score_terms import Direction
from serve.published.published_score import shortest_float32
from serve.published.stored_scores import StoredScore

FeatureValue = float | str | None


@dataclass(frozen=True, slots=True)
class FeatureLine:
    """One feature of the consumer as of the date; ``value`` is None where it is missing."""

    name: str
    code: str
    value: FeatureValue
    unit: str
    description: str
    family: str


@dataclass(frozen=True, slots=True)
class TermLine:
    """One term's points for the consumer, the values of its one or two features, and the cells they fall in."""

    code: str
    values: Mapping[str, FeatureValue]
    cells: Mapping[str, str]
    points: int


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One published reason: its points and text, the features it reads, and the families their records are of."""

    code: str
    points: int
    direction: Direction
    text: str
    features: tuple[str, ...]
    families: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FamilyRecords:
    """The records of one family that counted: which table, by what rule, and the rows themselves."""

    family: str
    table: str
    rule: str
    rows: pa.Table


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a store holds beside the recomputed score; ``differences`` is None where there was nothing to compare."""

    store: str
    differences: tuple[str, ...] | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A score and all that it was made from.

    ``raw_score`` is the unclipped score: ``base_points`` plus all terms' points, exactly. It is None, as the score
    itself, and there are no terms and no reasons, where nothing was known of the consumer. ``records`` holds every
    family behind a reason, by its name.
    """

    score: StoredScore
    raw_score: int | None
    base_points: int
    features: tuple[FeatureLine, ...]
    terms: tuple[TermLine, ...]
    reasons: tuple[ReasonLine, ...]
    records: Mapping[str, FamilyRecords]

    @property
    def points_sum(self) -> int:
        """Return the sum of all terms' points."""
        return sum(term.points for term in self.terms)


@dataclass(frozen=True, slots=True)
class Replay:
    """One consumer's score of one run, recomputed from what was known then and compared with what was published."""

    execucao_id: UUID
    as_of: date
    model_version: str
    client_id: str
    cpf: str
    result: Recomputed
    comparisons: tuple[Comparison, ...]

    @property
    def differing(self) -> tuple[Comparison, ...]:
        """Return the stores that hold anything else than the recomputed score."""
        return tuple(comparison for comparison in self.comparisons if comparison.differences)

    def to_json(self) -> dict[str, Any]:
        """Return all of it for a machine to read: the person's own data, the CPF masked."""
        result = self.result
        return {
            "execucao_id": str(self.execucao_id),
            "data_referencia": self.as_of.isoformat(),
            "modelo_versao": self.model_version,
            "cliente_id": self.client_id,
            "cpf_mascarado": mask_cpf(self.cpf),
            "score": result.score.score,
            "score_bruto": result.raw_score,
            "probabilidade": shortest_float32(result.score.probability),
            "faixa": result.score.band,
            "status": result.score.status,
            "igual_ao_publicado": not self.differing,
            "comparacoes": [_comparison_json(comparison) for comparison in self.comparisons],
            "pontos_base": result.base_points,
            "termos": [_term_json(term) for term in result.terms],
            "motivos": [_reason_json(reason) for reason in result.reasons],
            "variaveis": [_feature_json(feature) for feature in result.features],
            "registros": {name: _records_json(records) for name, records in result.records.items()},
        }


def _comparison_json(comparison: Comparison) -> dict[str, Any]:
    differences = comparison.differences
    return {
        "onde": comparison.store,
        "igual": None if differences is None else not differences,
        "diferencas": list(differences or ()),
        "observacao": comparison.note,
    }


def _term_json(term: TermLine) -> dict[str, Any]:
    return {
        "codigo": term.code,
        "valores": dict(term.values),
        "celulas": dict(term.cells),
        "pontos": term.points,
    }


def _reason_json(reason: ReasonLine) -> dict[str, Any]:
    return {
        "codigo": reason.code,
        "pontos": reason.points,
        "direcao": reason.direction.value,
        "texto": reason.text,
        "variaveis": list(reason.features),
        "registros": list(reason.families),
    }


def _feature_json(feature: FeatureLine) -> dict[str, Any]:
    return {
        "nome": feature.name,
        "codigo": feature.code,
        "valor": feature.value,
        "unidade": feature.unit,
        "descricao": feature.description,
        "familia": feature.family,
    }


def _records_json(records: FamilyRecords) -> dict[str, Any]:
    return {"tabela": records.table, "regra": records.rule, "linhas": plain_rows(records.rows)}


def plain_rows(rows: pa.Table) -> list[dict[str, Any]]:
    """Return a table's rows with dates and instants (UTC) as ISO texts."""
    return [{name: _plain(value) for name, value in row.items()} for row in rows.to_pylist()]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value
