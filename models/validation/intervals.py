"""Bootstrap intervals by consumer: how far a figure would move if other consumers had been drawn.

A consumer's rows (several dates) rise and fall together, so consumers are resampled and not rows. A replicate gives
every consumer a weight drawn from Poisson(1) (the Poisson bootstrap: Hanley and MacGibbon, 2006; Chamandy et al.,
2012), which on counts is one weighted ``bincount``. Weights depend on the consumers' order and the seed alone.

Intervals are normal, estimate ± 1.96 standard deviations of the replicates (Davison and Hinkley, 1997, section 5.2):
with a few hundred replicates their ends are steadier than percentiles. A rate's is Wilson's (1927) at the sample size
that the bootstrap's spread stands for, which is also right where no row, or every row, has the outcome.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from models.validation.evaluate import Counts, Flags, Floats, Integers, auc_of

REPLICATES = 200
"""Replicates: the standard deviation of a figure is then known to about 5% of itself."""

CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.959964
"""The normal distribution's quantile of ``(1 + CONFIDENCE) / 2``."""

DECIMALS = 8
"""Digits kept of a figure: more than anybody reads, and less than the order of a sum can change."""

MIN_REPLICATES = 20
"""Fewer replicates than this in which a figure exists: it has no interval."""

Weights: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the ends of its 95% confidence interval."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the figure with its interval, to four digits.

        >>> str(Interval(0.81234, 0.8, 0.825))
        '0.8123 [0.8000, 0.8250]'
        """
        return f"{self.estimate:.4f} [{self.low:.4f}, {self.high:.4f}]"


class Resampling:
    """The weights of every consumer in every replicate, and counts under them.

    ``consumer`` has one number a row; rows with the same number belong together.
    """

    def __init__(self, consumer: Integers, *, seed: int, replicates: int = REPLICATES) -> None:
        known, self._place = np.unique(consumer, return_inverse=True)
        draw = np.random.default_rng(seed)
        self.weights: Weights = np.empty((replicates, len(known)), np.uint8)
        for weights in self.weights:
            weights[:] = draw.poisson(1.0, len(known))

    @property
    def consumers(self) -> int:
        """Return the number of different consumers."""
        return int(self.weights.shape[1])

    @property
    def place(self) -> Integers:
        """Return the column of ``weights`` that each row's consumer has."""
        return self._place

    def counts(self, cell: Integers, size: int) -> Counts:
        """Return the weighted rows of each cell, one line a replicate: shape ``(replicates, size)``."""
        found = np.empty((len(self.weights), size))
        for line, weights in zip(found, self.weights, strict=True):
            line[:] = np.bincount(cell, weights=weights[self._place], minlength=size)
        return found

    def means(self, values: Floats) -> Floats:
        """Return the weighted mean of a value a row, one a replicate."""
        return np.array([np.average(values, weights=w[self._place]) if w.any() else np.nan for w in self.weights])


def normal_interval(
    estimate: float, replicates: Floats, *, lowest: float = -math.inf, highest: float = math.inf
) -> Interval | None:
    """Return the interval of a figure from its replicates, cut at what it can be; None where it does not exist."""
    there = replicates[np.isfinite(replicates)]
    if not math.isfinite(estimate) or len(there) < MIN_REPLICATES:
        return None
    half = NORMAL_QUANTILE * float(there.std(ddof=1))
    return _interval(estimate, max(lowest, estimate - half), min(highest, estimate + half))


def rate_interval(rate: float, rows: float, replicates: Floats) -> Interval | None:
    """Return Wilson's interval of a rate among ``rows``, widened by what the replicates vary beyond independent rows.

    None without rows.

    >>> rate_interval(0.0, 100, np.zeros(200)).high > 0.03
    True
    """
    there = replicates[np.isfinite(replicates)]
    if rows <= 0 or not math.isfinite(rate):
        return None
    independent = rate * (1 - rate) / rows
    widening = max(1.0, float(there.var(ddof=1)) / independent) if independent > 0 and len(there) > 1 else 1.0
    n, z2 = rows / widening, NORMAL_QUANTILE**2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_QUANTILE * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return _interval(rate, min(rate, max(0.0, centre - half)), max(rate, min(1.0, centre + half)))


def paired_auc_difference(
    is_bad: Flags, score_a: npt.NDArray[Any], score_b: npt.NDArray[Any], consumer: Integers, *, seed: int
) -> Interval | None:
    """Return AUC of ``score_a`` minus AUC of ``score_b`` on the same rows, both under the same replicates.

    Scores are higher for safer rows (or probabilities of default, negated). None with one outcome only.
    """
    resampling = Resampling(consumer, seed=seed)
    (one, ones), (other, others) = (auc_replicates(is_bad, score, resampling) for score in (score_a, score_b))
    return normal_interval(one - other, ones - others, lowest=-1.0, highest=1.0)


def auc_replicates(is_bad: Flags, safety: npt.NDArray[Any], resampling: Resampling) -> tuple[float, Floats]:
    """Return the AUC of a score of any kind and its replicates."""
    scores, place = np.unique(safety, return_inverse=True)
    cell, size = 2 * place + is_bad, len(scores)

    def ranked(weights: Weights | None) -> float:
        counts = np.bincount(cell, weights=weights, minlength=2 * size).reshape(size, 2)
        return float(auc_of(counts.astype(np.float64)))

    estimate = ranked(None)
    replicates = np.array([ranked(weights[resampling.place]) for weights in resampling.weights])
    return estimate, replicates


def _interval(estimate: float, low: float, high: float) -> Interval:
    return Interval(*(round(float(value), DECIMALS) + 0.0 for value in (estimate, low, high)))
