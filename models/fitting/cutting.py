"""Cutting a column into cells before any outcome is looked at: an ``Axis`` of bins of near-equal weight.

A number with few different values gets a bin each; else bins hold near-equal shares of the rows, a value that is
heavy by itself keeps a bin of its own (sentinels such as -9 or 999 stay apart), and every edge is the shortest
decimal between its two neighbours, so that the scorecard reads "up to 1500" and not "up to 1498.7321".
Categories keep a bin each, the heaviest first; the light ones share "other".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.feature_terms import InputType, RiskDirection
from models.points.table import MAX_TEXT_LENGTH, Axis

MAX_CATEGORIES = 100
"""More groups than this nobody reads; the lighter ones share "other"."""

MIN_CATEGORY_ROWS = 10
"""A category of fewer rows says nothing by itself (interpret's ``min_cat_samples``)."""

MIN_CATEGORY_SHARE = 0.002
MIN_BIN_SHARE = 0.002
"""Fewer of the rows than this are not told apart: what a handful of them did is chance."""

_SMALLEST_DECIMAL, _LARGEST_DECIMAL = -300, 300

Floats: TypeAlias = npt.NDArray[np.float64]


def cut_columns(
    table: pa.Table, weights: Floats, *, max_bins: int, directions: Mapping[str, RiskDirection]
) -> list[Axis]:
    """Return the axis of every column, float64 or string; ValueError names a category that was given a direction."""
    axes = []
    for name in table.column_names:
        column, direction = table[name].combine_chunks(), directions.get(name, RiskDirection.FREE)
        if pa.types.is_string(column.type):
            if direction is not RiskDirection.FREE:
                raise ValueError(f"{name}: a category has no direction")
            axes.append(cut_category(name, column, weights))
        else:
            values = column.to_numpy(zero_copy_only=False)
            axes.append(cut_number(name, values, weights, max_bins=max_bins, direction=direction))
    return axes


def cut_number(
    feature: str, values: Floats, weights: Floats, *, max_bins: int, direction: RiskDirection = RiskDirection.FREE
) -> Axis:
    """Return the axis of a numeric column, NaN where missing; at most ``max_bins`` bins."""
    known = ~np.isnan(values)
    different, place = np.unique(values[known], return_inverse=True)
    mass = np.bincount(place, weights=weights[known], minlength=len(different)).astype(np.float64)
    last = np.array(_last_values(mass, max_bins), np.int64)
    edges = [shortest_between(float(different[i]), float(different[i + 1])) for i in last]
    return Axis(feature, InputType.NUMBER, direction, edges=tuple(edge for edge in edges if math.isfinite(edge)))


def cut_category(feature: str, values: pa.Array, weights: Floats) -> Axis:
    """Return the axis of a text column, null where missing: one group a category that is common enough."""
    encoded = pc.dictionary_encode(values)
    known = pc.is_valid(encoded).to_numpy(zero_copy_only=False)
    codes = encoded.indices.filter(pc.is_valid(encoded)).to_numpy()
    mass = np.bincount(codes, weights=weights[known], minlength=len(encoded.dictionary))
    texts = encoded.dictionary.to_pylist()
    least = max(MIN_CATEGORY_ROWS, MIN_CATEGORY_SHARE * float(mass.sum()))
    common = [i for i, text in enumerate(texts) if mass[i] >= least and len(text) <= MAX_TEXT_LENGTH]
    kept = sorted(common, key=lambda i: (-mass[i], texts[i]))[:MAX_CATEGORIES]
    if not kept and len(texts) <= MAX_CATEGORIES:  # a table of a few rows: every value counts
        short = [i for i, text in enumerate(texts) if len(text) <= MAX_TEXT_LENGTH]
        kept = sorted(short, key=lambda i: (-mass[i], texts[i]))
    return Axis(feature, InputType.CATEGORY, groups=tuple((texts[i],) for i in kept))


def _last_values(mass: Floats, max_bins: int) -> list[int]:
    """Return the index of the last value of each bin but the final one, for values of rising order and their mass."""
    count, upto = len(mass), np.cumsum(mass)
    least = MIN_BIN_SHARE * upto[-1] if count else 0.0
    if count <= max_bins and (mass >= least).all():
        return list(range(count - 1))
    last, begin = [], 0
    for bins_left in range(max_bins, 1, -1):
        before = upto[begin - 1] if begin else 0.0
        share = least if count <= max_bins else (upto[-1] - before) / bins_left
        end = int(np.searchsorted(upto, before + share, side="left"))
        if end > begin and mass[end] > share:
            end -= 1
        if end >= count - 1 or upto[-1] - upto[end] < least:
            break
        last.append(end)
        begin = end + 1
    return last


def shortest_between(low: float, high: float) -> float:
    """Return the decimal of fewest digits in ``[low, high)``.

    >>> [shortest_between(*pair) for pair in ((18.0, 19.0), (1498.7321, 1502.1), (-0.26, -0.13), (0.0, 1e-9))]
    [18.0, 1500.0, -0.2, 0.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return low if math.isfinite(low) else math.nextafter(high, -math.inf)
    if low <= 0.0 < high:
        return 0.0
    exponent = math.floor(math.log10(max(abs(low), abs(high), 5e-324)))
    for digits in range(18):
        place = exponent - digits
        if not _SMALLEST_DECIMAL < place < _LARGEST_DECIMAL:
            break
        candidate = float(f"{math.ceil(low / 10.0**place)}e{place}")
        if low <= candidate < high:
            return candidate
    return low
