"""The published score: its scale, bands, statuses, reasons and Arrow schema (domain.md, "The score")."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

SCORE_MIN = 0
SCORE_MAX = 1000
MAX_REASONS = 4


class Status(StrEnum):
    """Whether a consumer has a score."""

    OK = "OK"
    INSUFFICIENT_DATA = "DADOS_INSUFICIENTES"


class Band(StrEnum):
    """The score's band (``faixa``)."""

    LOW = "baixo"
    FAIR = "regular"
    GOOD = "bom"
    VERY_GOOD = "muito_bom"


BAND_UPPER_SCORES: tuple[tuple[Band, int], ...] = (
    (Band.LOW, 300),
    (Band.FAIR, 500),
    (Band.GOOD, 700),
    (Band.VERY_GOOD, 1000),
)
"""Each band with the last score it includes (domain.md)."""


class Direction(StrEnum):
    """Whether a reason raised or lowered the score."""

    RAISES = "aumenta"
    LOWERS = "reduz"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of one score: the term's code and its exact points, never zero."""

    code: str
    points: int

    @property
    def direction(self) -> Direction:
        """Return which way the reason moved the score."""
        return Direction.RAISES if self.points > 0 else Direction.LOWERS


def band_of(score: int) -> Band:
    """Return the band of a score.

    >>> [band_of(s).value for s in (0, 300, 301, 500, 700, 701, 1000)]
    ['baixo', 'baixo', 'regular', 'regular', 'bom', 'muito_bom', 'muito_bom']
    """
    return next(band for band, upper in BAND_UPPER_SCORES if score <= upper)


REASON_TYPE = pa.struct(
    [pa.field("codigo", pa.string(), nullable=False), pa.field("pontos", pa.int16(), nullable=False)]
)

SCORES_SCHEMA = pa.schema(
    [
        pa.field("cliente_id", pa.string(), nullable=False),
        pa.field("cpf", pa.string(), nullable=False),
        pa.field("score", pa.int16()),
        pa.field("score_bruto", pa.int32()),
        pa.field("probabilidade", pa.float32()),
        pa.field("faixa", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("motivos", pa.list_(pa.field("item", REASON_TYPE, nullable=False)), nullable=False),
    ]
)
"""One row a scored or insufficient consumer, sorted by CPF.

``score_bruto`` is the score before clipping to the scale: base points + all contributions, an integer.
``motivos`` holds at most four reasons, strongest (by absolute points) first, ties by code.
Where ``status`` is ``DADOS_INSUFICIENTES`` score, score_bruto, probabilidade and faixa are null and
motivos is empty.
"""
