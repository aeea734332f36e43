"""The population stability index of two sets of counts over the same cells, and how much of it chance explains.

Of shares ``p`` (reference) and ``q`` (now) it is ``sum((q - p) * ln(q / p))``: 0 where nothing moved. Two samples of
the same population never give 0: with ``n`` and ``m`` rows in ``B`` cells the index is then distributed as
``(1/n + 1/m)`` times a chi-square of ``B - 1`` degrees of freedom (Yurdakul, Statistical Properties of Population
Stability Index, Western Michigan University, 2018). A thousand rows in 34 cells show 0.03 with nothing amiss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

GROUPS = 10
"""Deciles of the reference's scores, as is usual (Siddiqi, Credit Risk Scorecards, 2006)."""

MIN_EXPECTED_ROWS = 5.0
"""Cells where the smaller sample would hold fewer rows are counted as one: chi-square needs as many (Cochran, 1954)."""

EMPTY_CELL_ROWS = 0.5
"""An empty cell counts as half a row, so that a cell that appears or goes weighs by the size of the sample."""

Counts = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class StabilityIndex:
    """An index, its mean where nothing changed, and the value that chance exceeds as rarely as was asked."""

    value: float
    chance_mean: float
    chance_limit: float

    @property
    def excess(self) -> float:
        """Return the index beyond what two samples of one population show on average."""
        return self.value - self.chance_mean


def population_stability(reference: Counts, actual: Counts, *, significance: float) -> StabilityIndex | None:
    """Return the index of counts over the same cells, or None where either set has no row.

    ``significance`` is how often chance alone may exceed ``chance_limit``.

    >>> index = population_stability(np.array([500, 500]), np.array([300, 700]), significance=0.01)
    >>> round(index.value, 3), round(index.chance_mean, 3), round(index.chance_limit, 3)
    (0.169, 0.002, 0.013)
    """
    rows, rows_now = int(reference.sum()), int(actual.sum())
    if not (rows and rows_now):
        return None
    before, now = _pool_rare(reference, actual)
    p, q = _shares(before), _shares(now)
    spread = 1 / rows + 1 / rows_now
    return StabilityIndex(
        float(((q - p) * np.log(q / p)).sum()),
        (len(before) - 1) * spread,
        chi_square_quantile(1 - significance, len(before) - 1) * spread,
    )


def score_groups(reference: Mapping[int, int], actual: Mapping[int, int]) -> tuple[Counts, Counts]:
    """Return how many rows of each lie in every decile of the reference's raw scores; equal scores stay together."""
    scores, rows = np.array(list(reference), np.int64), np.array(list(reference.values()), np.int64)
    order = np.argsort(scores)
    below = np.cumsum(rows[order])
    places = np.searchsorted(below, np.arange(1, GROUPS) / GROUPS * below[-1]) if len(rows) else np.array([], np.int64)
    edges = np.unique(scores[order][places])
    return _grouped(reference, edges), _grouped(actual, edges)


def chi_square_quantile(probability: float, degrees: int) -> float:
    """Return a quantile of the chi-square distribution (Wilson and Hilferty, 1931).

    Within 2% from nine degrees on; with fewer, far out in the tail, up to a tenth too high: less is then alarming.

    >>> [round(chi_square_quantile(0.999, k), 1) for k in (2, 9, 33)]
    [14.1, 28.1, 64.0]
    """
    if degrees < 1:
        return 0.0
    part = 2 / (9 * degrees)
    return float(degrees * max(0.0, 1 - part + NormalDist().inv_cdf(probability) * math.sqrt(part)) ** 3)


def _grouped(scores: Mapping[int, int], edges: npt.NDArray[np.int64]) -> Counts:
    places = np.searchsorted(edges, np.array(list(scores), np.int64), side="left")
    rows = np.array(list(scores.values()), np.int64)
    counts: Counts = np.bincount(places, weights=rows, minlength=len(edges) + 1).astype(np.int64)
    return counts


def _pool_rare(reference: Counts, actual: Counts) -> tuple[Counts, Counts]:
    """Return the counts without cells that are empty on both sides, and with the rare ones added up in one."""
    both = reference + actual
    smaller = min(reference.sum(), actual.sum())
    rare = both / both.sum() * smaller < MIN_EXPECTED_ROWS
    pooled = [np.append(counts[~rare], counts[rare].sum()) for counts in (reference, actual)]
    known = pooled[0] + pooled[1] > 0
    return pooled[0][known], pooled[1][known]


def _shares(counts: Counts) -> npt.NDArray[np.float64]:
    filled = np.maximum(counts, EMPTY_CELL_ROWS)
    shares: npt.NDArray[np.float64] = filled / filled.sum()
    return shares
