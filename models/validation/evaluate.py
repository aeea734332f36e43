"""How good a model is, from counts of good and bad rows by score: ranking and calibration.

Scores are integers, so every figure comes from counts a score: exact, and the same in any row order. ``counts`` has
the shape ``(..., scores, 2)``, good rows then bad ones, the lowest score first; any leading axes (bootstrap
replicates, months, groups) are computed at once, and a figure that needs both outcomes is NaN where one is absent.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

GROUPS = 10
"""Groups of near-equal size for deciles and for the calibration error."""

NEWTON_STEPS = 12
"""Newton's steps of a calibration line from the identity: it doubles its digits at each, and stands after six."""

LINE_LIMIT = 10.0
"""Bound of a calibration line's intercept and slope, where one outcome has no maximum likelihood."""

Flags: TypeAlias = npt.NDArray[np.bool_]
Integers: TypeAlias = npt.NDArray[np.integer[Any]]
Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.float64]


def counts_of(place: Integers, is_bad: Flags, size: int) -> Counts:
    """Return good and bad rows at each of ``size`` places, one place a row."""
    cells = np.bincount(2 * place.astype(np.int64) + is_bad, minlength=2 * size)
    counts: Counts = cells.reshape(size, 2).astype(np.float64)
    return counts


def auc_of(counts: Counts) -> Floats:
    """Return the area under the ROC curve: the chance that a bad row scores below a good one, ties half.

    >>> float(auc_of(np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])))
    0.875
    """
    goods, bads = counts[..., 0], counts[..., 1]
    bads_below = np.cumsum(bads, axis=-1) - bads / 2
    return _ratio((goods * bads_below).sum(axis=-1), goods.sum(axis=-1) * bads.sum(axis=-1))


def kolmogorov_smirnov(counts: Counts) -> Floats:
    """Return the greatest gap between the score distributions of bad and good rows."""
    below = np.cumsum(counts, axis=-2)
    shares = _ratio(below, below[..., -1:, :])
    greatest: Floats = np.abs(shares[..., 1] - shares[..., 0]).max(axis=-1)
    return greatest


def average_precision(counts: Counts) -> Floats:
    """Return the area under the precision-recall curve of finding bad rows, riskiest first, by steps.

    The mean precision weighted by the recall that each score adds, as scikit-learn's ``average_precision_score``.
    """
    bads = counts[..., 1]
    below = np.cumsum(counts, axis=-2)
    precision = _ratio(below[..., 1], below.sum(axis=-1), empty=0.0)
    return _ratio((precision * bads).sum(axis=-1), bads.sum(axis=-1))


def brier(counts: Counts, probability: Floats) -> Floats:
    """Return the mean squared difference of probability and outcome (Brier, 1950)."""
    squares = np.stack([probability**2, (1 - probability) ** 2], axis=-1)
    return _ratio((counts * squares).sum(axis=(-1, -2)), counts.sum(axis=(-1, -2)))


def log_loss(counts: Counts, probability: Floats) -> Floats:
    """Return the mean negative log-likelihood; ``probability`` lies strictly between 0 and 1."""
    losses = -np.stack([np.log1p(-probability), np.log(probability)], axis=-1)
    return _ratio((counts * losses).sum(axis=(-1, -2)), counts.sum(axis=(-1, -2)))


def bad_rate(counts: Counts) -> Floats:
    """Return the share of bad rows."""
    return _ratio(counts[..., 1].sum(axis=-1), counts.sum(axis=(-1, -2)))


def mean_probability(counts: Counts, probability: Floats) -> Floats:
    """Return the mean of the probability of each score."""
    return _ratio((counts.sum(axis=-1) * probability).sum(axis=-1), counts.sum(axis=(-1, -2)))


def calibration_error(gaps: Floats) -> Floats:
    """Return the expected calibration error: the sizes of ``group_gaps`` (last axis) added up.

    The plain estimate: noise alone makes it greater than the truth (``noise_in_gaps``).
    """
    error: Floats = np.abs(gaps).sum(axis=-1)
    return error


def group_gaps(counts: Counts, probability: Floats, group: Integers) -> Floats:
    """Return each group's bad rows less those expected, as a share of all rows; ``group`` is one a score."""
    gaps = gather(counts[..., 1] - counts.sum(axis=-1) * probability, group)
    return _ratio(gaps, counts.sum(axis=(-1, -2))[..., None])


def noise_in_gaps(gaps: Floats, spread: Floats) -> float:
    """Return how much of the sum of the sizes of ``gaps`` is noise of standard deviations ``spread``, one a group.

    A gap ``d`` seen through normal noise ``s`` has the mean size of a folded normal distribution (Leone et al., 1961),
    which is more than ``d``; ``d`` is taken as ``sqrt(gap^2 - s^2)``, or 0.

    >>> round(noise_in_gaps(np.array([0.0, 1.0]), np.array([0.01, 0.01])), 4)
    0.008
    """
    noise = 0.0
    for gap, s in zip(gaps.tolist(), spread.tolist(), strict=True):
        if s > 0:
            true = math.sqrt(max(0.0, gap**2 - s**2))
            seen = s * math.sqrt(2 / math.pi) * math.exp(-((true / s) ** 2) / 2) + true * math.erf(
                true / s / math.sqrt(2)
            )
            noise += seen - true
    return noise


def calibration_slope(counts: Counts, log_odds: Floats) -> Floats:
    """Return the slope of the logistic regression of the outcome on the log-odds of bad (Cox, 1958); 1 is right.

    Below 1 the probabilities are too extreme, above 1 too timid.
    """
    return _calibration_line(counts, log_odds, with_slope=True)[1]


def calibration_level(counts: Counts, log_odds: Floats) -> Floats:
    """Return the shift of all the log-odds under which the expected bads are the observed ones; 0 is right.

    Above 0 the risk is underestimated.
    """
    return _calibration_line(counts, log_odds, with_slope=False)[0]


def equal_groups(rows: Counts, groups: int = GROUPS) -> Integers:
    """Return the group of each score, so that ``rows`` (a score) fall in near-equal groups; ties stay together."""
    below = np.cumsum(rows)
    cuts = (np.arange(1, groups) * int(below[-1])) // groups if len(below) else np.zeros(0, np.int64)
    edges = np.searchsorted(below, cuts)
    group: Integers = np.searchsorted(edges, np.arange(len(below)))
    return group


def gather(values: Floats, group: Integers, groups: int | None = None) -> Floats:
    """Return the sums of ``values`` (last axis: scores) over the scores of each group."""
    groups = int(group.max(initial=-1)) + 1 if groups is None else groups
    belongs = (group[:, None] == np.arange(groups)).astype(np.float64)
    sums: Floats = values @ belongs
    return sums


def _calibration_line(counts: Counts, log_odds: Floats, *, with_slope: bool) -> tuple[Floats, Floats]:
    rows, bads = counts.sum(axis=-1), counts[..., 1]
    intercept, slope = np.zeros(rows.shape[:-1]), np.ones(rows.shape[:-1])
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(intercept[..., None] + slope[..., None] * log_odds, -500, 500)))
        weight, gap = rows * p * (1 - p), bads - rows * p
        w, wx, wxx = weight.sum(axis=-1), (weight * log_odds).sum(axis=-1), (weight * log_odds**2).sum(axis=-1)
        g, gx = gap.sum(axis=-1), (gap * log_odds).sum(axis=-1)
        if with_slope:
            determinant = w * wxx - wx * wx
            slope = np.clip(slope + _ratio(w * gx - wx * g, determinant), -LINE_LIMIT, LINE_LIMIT)
            intercept = np.clip(intercept + _ratio(wxx * g - wx * gx, determinant), -LINE_LIMIT, LINE_LIMIT)
        else:
            intercept = np.clip(intercept + _ratio(g, w), -LINE_LIMIT, LINE_LIMIT)
    both = (bads.sum(axis=-1) > 0) & (rows.sum(axis=-1) > bads.sum(axis=-1))
    return np.where(both, intercept, np.nan), np.where(both, slope, np.nan)


def _ratio(top: Floats, bottom: Floats, *, empty: float = np.nan) -> Floats:
    quotient: Floats = np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, empty), where=bottom > 0)
    return quotient
