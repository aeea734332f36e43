"""What each cell of an axis holds, in Portuguese words: for the printed points and the table of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from contracts.feature_terms import InputType
from models.points.table import Axis

LEAST_DIGITS = 5
"""Significant digits of an edge where fewer are not all of it; more where two edges would read alike."""

MOST_DIGITS = 17
"""These tell any two float64 apart."""

NAMED_VALUES = 6
"""Values of a category that a label names before it says how many more there are."""

PLAIN_MAGNITUDES = (1e-6, 1e15)
"""Numbers between these are written out, others with an exponent."""

ANY_VALUE, OTHERS, MISSING, EMPTY_TEXT = "qualquer valor", "outros", "ausente", "(vazio)"


def cell_labels(axis: Axis) -> tuple[str, ...]:
    """Return the label of every cell, in order.

    >>> cell_labels(Axis("x", InputType.NUMBER, edges=(1.0, 2500.5)))
    ('até 1', 'acima de 1 até 2.500,5', 'acima de 2.500,5', 'outros', 'ausente')
    """
    return (*(bins_label(axis, (place, place)) for place in range(axis.bins)), OTHERS, MISSING)


def bins_label(axis: Axis, places: tuple[int, int]) -> str:
    """Return the label of the bins from one to another, taken as one.

    >>> bins_label(Axis("uf", InputType.CATEGORY, groups=(("SP",), ("RJ", "MG"))), (0, 1))
    'SP, RJ, MG'
    """
    first, last = places
    if axis.kind is InputType.CATEGORY:
        values = [value for group in axis.groups[first : last + 1] for value in group]
        named = ", ".join(value if value.strip() else EMPTY_TEXT for value in values[:NAMED_VALUES])
        return f"{named} e mais {len(values) - NAMED_VALUES}" if len(values) > NAMED_VALUES else named
    texts = edge_texts(axis.edges)
    above = f"acima de {texts[first - 1]}" if first > 0 else ""
    upto = f"até {texts[last]}" if last < axis.bins - 1 else ""
    return f"{above} {upto}".strip() or ANY_VALUE


@lru_cache(maxsize=1024)
def edge_texts(edges: tuple[float, ...]) -> tuple[str, ...]:
    """Return edges as a Brazilian reader writes them, each with digits enough to differ from the others.

    >>> edge_texts((0.1, 1 / 3, 30.0, 1234567.0)), edge_texts((0.1234561, 0.1234562))
    (('0,1', '0,33333', '30', '1.234.567'), ('0,1234561', '0,1234562'))
    """
    for digits in range(LEAST_DIGITS, MOST_DIGITS + 1):
        texts = tuple(_number_text(edge, digits) for edge in edges)
        if len(set(texts)) == len(texts):
            break
    return texts


def _number_text(value: float, digits: int) -> str:
    if value.is_integer() and abs(value) < PLAIN_MAGNITUDES[1]:
        return f"{int(value):,}".replace(",", ".")
    low, high = PLAIN_MAGNITUDES
    if not low <= abs(value) < high:
        return f"{value:.{digits}g}".replace(".", ",")
    short = float(f"{value:.{digits}g}")
    whole, _, decimals = np.format_float_positional(short, trim="-").partition(".")
    grouped = f"{int(whole):,}".replace(",", ".") if abs(value) >= 1 else whole
    return f"{grouped},{decimals}" if decimals else grouped
