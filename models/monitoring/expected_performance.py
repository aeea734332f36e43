"""How good a model should be on rows whose outcome is not known yet, from its own probabilities.

Confidence-based estimation, as in NannyML's CBPE: if the probability of default ``p`` of each row is right, that
row is bad with ``p`` and good with ``1 - p``, and the expected AUC, bad rate and Brier score follow. It holds while
(1) probabilities are calibrated in the population of the run, so that only the mix of consumers has changed, and
(2) the relation of features to default has not: a downturn that makes everybody riskier cannot be seen from the
features, and is found only once outcomes are known (``observed_performance``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.points.scaling import ScoreScale
from models.validation.intervals import NORMAL_QUANTILE


@dataclass(frozen=True, slots=True)
class ExpectedPerformance:
    """What the probabilities of some rows say of themselves; ``auc`` is None where no pair can be formed.

    ``bad_rate_low`` and ``bad_rate_high`` are where 95% of observed rates would fall, were defaults independent.
    ``bad_rate_error`` is the standard error of the expected rate as an estimate of its population's, and
    ``auc_error`` that of an observed AUC (Hanley and McNeil, 1982).
    """

    rows: int
    auc: float | None
    auc_error: float
    bad_rate: float
    bad_rate_low: float
    bad_rate_high: float
    bad_rate_error: float
    brier: float

    @property
    def gini(self) -> float | None:
        """Return twice the AUC less one."""
        return None if self.auc is None else 2 * self.auc - 1


def expected_performance(scores: Mapping[int, int], scale: ScoreScale) -> ExpectedPerformance | None:
    """Return the expected performance on rows of which there are ``scores[raw score]``; None without rows."""
    rows = sum(scores.values())
    if not rows:
        return None
    raw = np.array(sorted(scores), np.int64)
    count = np.array([scores[score] for score in sorted(scores)], np.float64)
    p = scale.probability(raw).astype(np.float64)
    bads, goods, variance = count * p, count * (1 - p), float((count * p * (1 - p)).sum())
    rate = float(bads.sum() / rows)
    spread = NORMAL_QUANTILE * math.sqrt(variance) / rows
    # A row makes no pair with itself: the pairs of one row with itself are taken out of both sums.
    pairs = bads.sum() * goods.sum() - variance
    ordered = float((goods * (np.cumsum(bads) - bads / 2)).sum()) - variance / 2
    auc = ordered / pairs if pairs > 0 else None
    return ExpectedPerformance(
        rows=rows,
        auc=auc,
        auc_error=auc_standard_error(auc, bads=float(bads.sum()), goods=float(goods.sum())),
        bad_rate=rate,
        bad_rate_low=max(0.0, rate - spread),
        bad_rate_high=min(1.0, rate + spread),
        bad_rate_error=math.sqrt(float((count * (p - rate) ** 2).sum()) / rows / rows),
        brier=variance / rows,
    )


def auc_standard_error(auc: float | None, *, bads: float, goods: float) -> float:
    """Return the standard error of an AUC measured on so many bad and good rows; infinite where there are none.

    >>> round(auc_standard_error(0.80, bads=100, goods=900), 3)
    0.027
    """
    if auc is None or bads < 1 or goods < 1:
        return math.inf
    one_bad, one_good = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (bads - 1) * (one_bad - auc**2) + (goods - 1) * (one_good - auc**2)
    return math.sqrt(max(variance, 0.0) / (bads * goods))
