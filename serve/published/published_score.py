"""A published score as its readers get it, whichever store it came from, and its JSON form."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from contracts.reference_date import REFERENCE_ZONE
from contracts.score_terms import SCORE_MAX, SCORE_MIN, Reason
from serve.published.run_info import RunInfo

_DIGITS = range(6, 10)
"""Six significant digits survive in any float32, and nine always identify one (IEEE 754)."""


class PublishedScore(NamedTuple):
    """One consumer's score in the run in force; ``masked_digits`` are the CPF's six middle digits."""

    client_id: str
    masked_digits: str
    score: int | None
    probability: float | None
    band: str | None
    status: str
    reasons: tuple[Reason, ...]
    run: RunInfo

    def to_json(self, *, validity_days: int) -> dict[str, Any]:
        """Return the documented JSON."""
        return {
            "cliente_id": self.client_id,
            "cpf_mascarado": f"***.{self.masked_digits[:3]}.{self.masked_digits[3:]}-**",
            "score": self.score,
            "escala": {"min": SCORE_MIN, "max": SCORE_MAX},
            "faixa": self.band,
            "status": self.status,
            "probabilidade_inadimplencia": shortest_float32(self.probability),
            "horizonte_meses": self.run.horizonte_meses,
            "motivos": [
                {
                    "codigo": reason.code,
                    "texto": self.run.textos[reason.code][reason.direction],
                    "direcao": reason.direction.value,
                    "pontos": reason.points,
                }
                for reason in self.reasons
            ],
            "modelo": {"nome": self.run.modelo_nome, "versao": self.run.modelo_versao},
            "data_referencia": self.run.data_referencia.isoformat(),
            "calculado_em": utc_text(self.run.calculado_em),
            "valido_ate": valid_until(self.run.calculado_em, days=validity_days).isoformat(),
        }


def shortest_float32(value: float | None) -> float | None:
    """Return the number with the fewest digits that is the same float32: equal from either store.

    >>> shortest_float32(0.03099999949336052), shortest_float32(0.031)
    (0.031, 0.031)
    """
    if value is None:
        return None
    target = struct.pack("<f", value)
    candidates = (float(f"{value:.{digits}g}") for digits in _DIGITS)
    return next(number for number in candidates if struct.pack("<f", number) == target)


def utc_text(instant: datetime) -> str:
    """Return an instant (naive means UTC) in ISO 8601 to the second, with its zone.

    >>> utc_text(datetime(2026, 11, 1, 5, 0))
    '2026-11-01T05:00:00Z'
    """
    return as_utc(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


def valid_until(computed_at: datetime, *, days: int) -> date:
    """Return the last day of a score's validity, counted from the day in São Paulo that computed it."""
    return as_utc(computed_at).astimezone(REFERENCE_ZONE).date() + timedelta(days=days)


def as_utc(instant: datetime) -> datetime:
    """Return an instant (naive means UTC) in UTC, with its zone."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
