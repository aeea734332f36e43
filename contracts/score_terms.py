"""The words of the published score: scale, statuses, bands, reasons (docs/explanation/the-score.md).

Free of Arrow, so that the request path can use it; ``contracts.score_scale`` adds the table's schema.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

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
"""Each band with the last score it includes."""


class Direction(StrEnum):
    """Whether a reason raised or lowered the score."""

    RAISES = "aumenta"
    LOWERS = "reduz"


class Reason(NamedTuple):
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
