"""How good a model is: discrimination, calibration and stability, from labels, scores and probabilities.

Scores are integers, so every figure comes from counts a score: exact, and the same in any row order.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.score_scale import BAND_UPPER_SCORES, SCORE_MAX

GROUPS = 10
"""Groups of near-equal size for deciles, calibration error and stability."""

PSI_FLOOR = 1e-4
"""Least share of a group in a stability index, so that an empty group does not make it infinite."""

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class GroupRate:
    """Rows of one decile or band: its scores, how many, how many bad, and what the model expected."""

    group: str
    rows: int
    bads: int
    bad_rate: float | None
    mean_probability: float | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """A model's figures on one set of rows; those that need both outcomes are None where one is absent."""

    rows: int
    bads: int
    bad_rate: float | None
    mean_probability: float | None
    auc: float | None
    gini: float | None
    ks: float | None
    brier: float | None
    log_loss: float | None
    ece: float | None
    bands: tuple[GroupRate, ...]
    deciles: tuple[GroupRate, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the figures as ``metricas.json`` holds them."""
        return asdict(self)


def evaluate_scores(is_bad: Flags, raw_scores: Integers, probability: Floats) -> Metrics:
    """Return every figure of one set of rows; all three arrays are aligned, ``raw_scores`` before clipping."""
    p = probability.astype(np.float64)
    rows, bads = len(is_bad), int(is_bad.sum())
    ranking = auc(is_bad, raw_scores)
    return Metrics(
        rows=rows,
        bads=bads,
        bad_rate=bads / rows if rows else None,
        mean_probability=float(p.mean()) if rows else None,
        auc=ranking,
        gini=None if ranking is None else 2 * ranking - 1,
        ks=kolmogorov_smirnov(is_bad, raw_scores),
        brier=brier(is_bad, p) if rows else None,
        log_loss=log_loss(is_bad, p) if rows else None,
        ece=calibration_error(is_bad, raw_scores, p) if rows else None,
        bands=rates_by_band(is_bad, raw_scores, p),
        deciles=rates_by_decile(is_bad, raw_scores, p),
    )


def auc(is_bad: Flags, raw_scores: Integers) -> float | None:
    """Return the chance that a bad row scores below a good one, ties counting half; None with one outcome only.

    >>> auc(np.array([True, True, False, False]), np.array([300, 500, 500, 700]))
    0.875
    """
    goods, bads = _counts_by_score(is_bad, raw_scores)
    if not (goods.sum() and bads.sum()):
        return None
    bads_below = np.cumsum(bads) - bads / 2
    return float((goods * bads_below).sum() / (goods.sum() * bads.sum()))


def kolmogorov_smirnov(is_bad: Flags, raw_scores: Integers) -> float | None:
    """Return the greatest gap between the score distributions of bad and good rows."""
    goods, bads = _counts_by_score(is_bad, raw_scores)
    if not (goods.sum() and bads.sum()):
        return None
    return float(np.abs(np.cumsum(bads) / bads.sum() - np.cumsum(goods) / goods.sum()).max())


def brier(is_bad: Flags, probability: Floats) -> float:
    """Return the mean squared difference of probability and outcome (Brier, 1950)."""
    return float(((probability - is_bad) ** 2).mean())


def log_loss(is_bad: Flags, probability: Floats) -> float:
    """Return the mean negative log-likelihood; probabilities lie strictly between 0 and 1."""
    return float(-np.log(np.where(is_bad, probability, 1 - probability)).mean())


def calibration_error(is_bad: Flags, raw_scores: Integers, probability: Floats) -> float:
    """Return the mean gap of bad rate and mean probability over deciles of the score, weighted by rows."""
    group = _decile(raw_scores)
    rows = np.bincount(group, minlength=GROUPS)
    gaps = np.bincount(group, weights=is_bad - probability, minlength=GROUPS)
    return float(np.abs(gaps).sum() / rows.sum())


def population_stability(expected: Integers, actual: Integers) -> float | None:
    """Return the population stability index of two score distributions over the deciles of the first.

    Below 0.10 is usually read as stable and above 0.25 as shifted (Siddiqi, 2006). None if either is empty.
    """
    if not (len(expected) and len(actual)):
        return None
    edges = _decile_edges(expected)
    shares = [
        np.maximum(np.bincount(np.searchsorted(edges, scores), minlength=len(edges) + 1) / len(scores), PSI_FLOOR)
        for scores in (expected, actual)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def rates_by_band(is_bad: Flags, raw_scores: Integers, probability: Floats) -> tuple[GroupRate, ...]:
    """Return rows and bad rate of each band of the published score, worst first."""
    uppers = np.array([upper for _, upper in BAND_UPPER_SCORES])
    group = np.searchsorted(uppers, np.clip(raw_scores, 0, SCORE_MAX))
    return _rates([band.value for band, _ in BAND_UPPER_SCORES], group, is_bad, probability)


def rates_by_decile(is_bad: Flags, raw_scores: Integers, probability: Floats) -> tuple[GroupRate, ...]:
    """Return rows and bad rate of each tenth of the rows by score, worst first; ties stay together."""
    return _rates([str(number) for number in range(1, GROUPS + 1)], _decile(raw_scores), is_bad, probability)


def _rates(names: list[str], group: Integers, is_bad: Flags, probability: Floats) -> tuple[GroupRate, ...]:
    rows = np.bincount(group, minlength=len(names)).tolist()
    bads = np.bincount(group[is_bad], minlength=len(names)).tolist()
    expected = np.bincount(group, weights=probability, minlength=len(names)).tolist()
    return tuple(
        GroupRate(name, n, bad, bad / n if n else None, mean / n if n else None)
        for name, n, bad, mean in zip(names, rows, bads, expected, strict=True)
    )


def _counts_by_score(is_bad: Flags, raw_scores: Integers) -> tuple[Floats, Floats]:
    """Return good and bad rows at each distinct score, lowest first."""
    _, place = np.unique(raw_scores, return_inverse=True)
    size = int(place.max()) + 1 if len(place) else 0
    bads = np.bincount(place[is_bad], minlength=size).astype(np.float64)
    return np.bincount(place, minlength=size) - bads, bads


def _decile_edges(raw_scores: Integers) -> Integers:
    ordered = np.sort(raw_scores)
    edges: Integers = ordered[(np.arange(1, GROUPS) * len(ordered)) // GROUPS]
    return edges


def _decile(raw_scores: Integers) -> Integers:
    if not len(raw_scores):
        return np.array([], dtype=np.int64)
    return np.searchsorted(_decile_edges(raw_scores), raw_scores)
