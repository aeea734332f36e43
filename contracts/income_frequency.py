"""Mensalização: how an income of each frequency becomes a monthly value.

The factors are exact fractions so that monthly cents never depend on the order of sums.
"""

from __future__ import annotations

import unicodedata

MONTHLY_FACTORS: dict[str, tuple[int, int]] = {
    "diaria": (30, 1),
    "semanal": (52, 12),
    "quinzenal": (26, 12),
    "mensal": (1, 1),
    "bimestral": (1, 2),
    "trimestral": (1, 3),
    "semestral": (1, 6),
    "anual": (1, 12),
    "unica": (0, 1),
}
"""Frequency -> (numerator, denominator) of its monthly factor; ``unica`` is counted apart."""

ONE_OFF = "unica"


def normalize_frequency(text: str) -> str | None:
    """Return the canonical frequency, whatever the accents, case and outer spaces; None if unknown.

    >>> normalize_frequency(" Diária ")
    'diaria'
    >>> normalize_frequency("às vezes") is None
    True
    """
    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return plain if plain in MONTHLY_FACTORS else None
