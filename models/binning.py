"""Binning: each feature cut into a few bins of like risk, monotone where the feature declares a direction.

A number: quantile cells, pooled into an isotonic fit in the declared direction, then merged into the contiguous
grouping with the best penalised likelihood and a minimum share of rows a bin. ``livre`` skips the isotonic step.
A category: common values ordered by bad rate, merged in the same way; rare and unknown values share "other".
A missing value has a bin of its own that never earns more, or costs more, than the best and the worst known value.

A bin's weight of evidence is its log-odds of being good minus the population's, its counts shrunk towards the
population's bad rate by ``PRIOR_ROWS`` rows, so that a thin bin says little.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.inputs import RiskDirection
from models.pooling import Counts, isotonic_values, merge_optimally, pool_adjacent_violators

QUANTILE_CELLS = 64
"""Cells before pooling: finer ones change nothing measurable, coarser ones blur the tails."""

MIN_BIN_SHARE = 0.01
"""Least share of the rows with a known value that a bin may hold."""

MIN_BIN_ROWS = 50
"""Least rows a bin may hold, whatever the share: below it a bad rate is noise."""

PRIOR_ROWS = 20.0
"""Rows at the population's bad rate added to each bin's counts."""

MAX_CATEGORIES = 500
"""Values beyond this many, the rarest first, go to "other"."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bins:
    """A feature's bins: how to find a value's bin, and the rows and weight of evidence of each.

    ``codes`` is the bin of each training row; ``woe`` and ``rows`` are in code order: bins, other, missing.
    """

    edges: tuple[float, ...]
    groups: tuple[tuple[str, ...], ...]
    codes: npt.NDArray[np.int16]
    woe: Counts
    rows: Counts

    @property
    def information_value(self) -> float:
        """Return the spread of the evidence over the rows: the variance of the weight of evidence."""
        share = self.rows / self.rows.sum()
        return float((share * (self.woe - (share * self.woe).sum()) ** 2).sum())


def bin_number(values: npt.NDArray[np.float64], is_bad: Flags, direction: RiskDirection) -> Bins:
    """Return the bins of a numeric feature; NaN is missing."""
    known = ~np.isnan(values)
    cells = _quantile_edges(values[known])
    cell = np.searchsorted(cells, values, side="left")
    counts = _count(cell[known], is_bad[known], len(cells) + 1)
    edges = cells[[start - 1 for start in _block_starts(*counts, direction=direction) if start > 0]]
    codes = np.searchsorted(edges, values, side="left").astype(np.int16)
    codes[~known] = len(edges) + 2
    bads, rows = _count(codes, is_bad, len(edges) + 3)
    return Bins(tuple(edges.tolist()), (), codes, _evidence(bads, rows, direction), rows)


def bin_category(values: pa.Array, is_bad: Flags) -> Bins:
    """Return the bins of a categorical feature (string array); null is missing."""
    categories, bads, rows = _common_categories(values, is_bad)
    order = np.lexsort((np.array(categories), bads / rows)) if categories else np.array([], int)
    starts = merge_optimally(
        bads[order], rows[order], min_rows=_least_rows(float(rows.sum())), penalty=_penalty(rows.sum())
    )
    bounds = [*starts, len(order)] if categories else [0]
    groups = tuple(tuple(sorted(categories[i] for i in order[first:last])) for first, last in pairwise(bounds))
    codes = category_codes(values, groups)
    bads, rows = _count(codes, is_bad, len(groups) + 2)
    return Bins((), groups, codes, _evidence(bads, rows, RiskDirection.FREE), rows)


def category_codes(values: pa.Array, groups: tuple[tuple[str, ...], ...]) -> npt.NDArray[np.int16]:
    """Return each value's bin: its group's, then "other" (``len(groups)``), then missing (``len(groups) + 1``)."""
    flat = pa.array([value for group in groups for value in group], pa.string())
    group_of = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    table = np.concatenate([group_of, [len(groups)]]).astype(np.int16)
    place = pc.fill_null(pc.index_in(values, value_set=flat), len(flat)).to_numpy(zero_copy_only=False)
    codes: npt.NDArray[np.int16] = table[place]
    codes[pc.is_null(values).to_numpy(zero_copy_only=False)] = len(groups) + 1
    return codes


def _quantile_edges(known: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the distinct observed, finite values that cut the known ones into cells of near-equal size."""
    if len(known) == 0:
        return np.array([], dtype=np.float64)
    ordered = np.sort(known)
    places = (np.arange(1, QUANTILE_CELLS) * len(ordered)) // QUANTILE_CELLS
    edges = np.unique(ordered[places]) + 0.0
    inner: npt.NDArray[np.float64] = edges[np.isfinite(edges) & (edges < ordered[-1])]
    return inner


def _block_starts(bads: Counts, rows: Counts, *, direction: RiskDirection) -> list[int]:
    """Return the first cell of each final bin, never falling (or rising) in bad rate if directed."""
    cells = len(rows)
    starts = list(range(cells))
    if direction is RiskDirection.MORE_RISK:
        starts = pool_adjacent_violators(bads, rows)
    elif direction is RiskDirection.LESS_RISK:
        ends = pool_adjacent_violators(bads[::-1], rows[::-1])
        starts = sorted(cells - end for end in [*ends[1:], cells])
    total = float(rows.sum())
    pooled = (np.add.reduceat(bads, starts), np.add.reduceat(rows, starts))
    chosen = merge_optimally(*pooled, min_rows=_least_rows(total), penalty=_penalty(total))
    return [starts[block] for block in chosen]


def _least_rows(known_rows: float) -> float:
    return max(MIN_BIN_SHARE * known_rows, MIN_BIN_ROWS)


def _penalty(known_rows: float) -> float:
    """Return half the log of the rows a bin: the Bayesian information criterion (Schwarz, 1978)."""
    return 0.5 * math.log(max(known_rows, 2.0))


def _common_categories(values: pa.Array, is_bad: Flags) -> tuple[list[str], Counts, Counts]:
    """Return the values common enough for a bin, at most ``MAX_CATEGORIES``, with their bads and rows."""
    encoded = values.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    known = pc.is_valid(values).to_numpy(zero_copy_only=False)
    bads, rows = _count(pc.fill_null(encoded.indices, 0).to_numpy()[known], is_bad[known], len(names))
    candidates = [i for i in range(len(names)) if rows[i] >= MIN_BIN_ROWS and names[i].isprintable()]
    kept = sorted(candidates, key=lambda i: (-rows[i], names[i]))[:MAX_CATEGORIES]
    return [names[i] for i in kept], bads[kept], rows[kept]


def _count(codes: npt.NDArray[np.integer], is_bad: Flags, size: int) -> tuple[Counts, Counts]:
    """Return bads and rows a code; whole numbers, so their order and the number of threads never matter."""
    rows = np.bincount(codes, minlength=size).astype(np.float64)
    return np.bincount(codes[is_bad], minlength=size).astype(np.float64), rows


def _evidence(bads: Counts, rows: Counts, direction: RiskDirection) -> Counts:
    """Return each code's weight of evidence: shrunk, monotone if directed, other and missing within the known."""
    rate = bads.sum() / rows.sum()
    shrunk = (bads + PRIOR_ROWS * rate) / (rows + PRIOR_ROWS)
    woe: Counts = np.log((1 - shrunk) / shrunk) - math.log((1 - rate) / rate)
    known = slice(0, len(rows) - 2)
    if direction is RiskDirection.LESS_RISK:
        woe[known] = isotonic_values(woe[known], rows[known])
    elif direction is RiskDirection.MORE_RISK:
        woe[known] = -isotonic_values(-woe[known], rows[known])
    if len(rows) > 2:
        woe[-2:] = np.clip(woe[-2:], woe[known].min(), woe[known].max())
    return woe
