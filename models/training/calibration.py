"""Calibration: the map, linear in the log-odds, under which probabilities meet the outcomes of other consumers.

Enter a model's log-odds of bad and the outcomes of consumers that it was not fitted on; leave an intercept and a
slope. The slope, which a fit always overstates, is theirs alone, by maximum likelihood (Platt, 1999, without his
smoothing of the targets). The level is pooled: a fit's mean probability is the bad rate of its own rows, which is
that of the population up to chance, so that the calibration rows move it by no more than their share of all the rows
that tell of it. Being linear in the log-odds, the map keeps terms additive; what it cannot mend is measured out of
time and reported.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

MIN_CALIBRATION_OUTCOMES = 50
"""Fewer bads or goods than this: the slope is noise, and only the level is set."""

SLOPE_LIMITS = (0.5, 2.0)
"""A slope outside means a broken fit, not a correction; it is held at the limit and the takeover gate sees the rest."""

LEVEL_LIMIT = 50.0
BISECTIONS = 64
"""Halvings of ``±LEVEL_LIMIT`` log-odds: down to a double's last digit."""

MAX_NEWTON_STEPS = 50
STEEPEST = 100.0
"""A slope beyond is one of outcomes told apart without fault: it has no end, and Newton's steps need not follow it."""

TOLERANCE = 1e-10
"""Newton's steps stop here, in log-odds: far below one point of the scale."""

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibration:
    """New log-odds of bad = ``intercept + slope * old``; the rows and bads that it was learnt from."""

    intercept: float
    slope: float
    rows: int
    bads: int

    def to_json(self) -> dict[str, float | int]:
        """Return the map as ``treino.json`` holds it."""
        names = {"intercept": "intercepto", "slope": "inclinacao", "rows": "linhas", "bads": "inadimplentes"}
        return {names[name]: value for name, value in asdict(self).items()}

    def probability(self, log_odds_bad: Floats) -> Floats:
        """Return the calibrated probability of bad of uncalibrated log-odds."""
        return _sigmoid(self.intercept + self.slope * log_odds_bad)


def fit_calibration(log_odds_bad: Floats, is_bad: Flags, *, fitted_rows: int = 0) -> Calibration:
    """Return the intercept and slope for log-odds of bad; slope 1 on thin data.

    ``log_odds_bad`` and ``is_bad`` are aligned, one a row. ``fitted_rows`` is the number of other rows by which the
    log-odds were fitted to a mean probability that is their bad rate; with 0 the level is that of these rows alone.
    The sums run in row order on one thread, so that the same rows give the same map.
    """
    rows, bads = len(is_bad), int(is_bad.sum())
    slope = 1.0
    if min(bads, rows - bads) >= MIN_CALIBRATION_OUTCOMES:
        slope = float(np.clip(_newton_slope(log_odds_bad, is_bad), *SLOPE_LIMITS))
    expected = float(_sigmoid(log_odds_bad).mean())
    level = (bads + fitted_rows * expected) / (rows + fitted_rows)
    return Calibration(_intercept(slope * log_odds_bad, level), slope, rows, bads)


def _newton_slope(log_odds: Floats, is_bad: Flags) -> float:
    """Return the slope of the maximum likelihood, by Newton's steps on (intercept, slope); 1 where it has none."""
    centre = float(log_odds.mean())
    x = log_odds - centre
    rate = float(is_bad.mean())
    intercept, slope = float(np.log(rate / (1 - rate))), 0.0
    for _ in range(MAX_NEWTON_STEPS):
        p = _sigmoid(intercept + slope * x)
        weight, gap = p * (1 - p), is_bad - p
        w, wx, wxx = float(weight.sum()), float((weight * x).sum()), float((weight * x * x).sum())
        determinant = w * wxx - wx * wx
        if determinant <= TOLERANCE * w * wxx:
            return 1.0
        g, gx = float(gap.sum()), float((gap * x).sum())
        steps = ((wxx * g - wx * gx) / determinant, (w * gx - wx * g) / determinant)
        intercept, slope = intercept + steps[0], slope + steps[1]
        if max(abs(steps[0]), abs(steps[1])) < TOLERANCE or abs(slope) > STEEPEST:
            break
    return slope


def _intercept(log_odds: Floats, rate: float) -> float:
    """Return the shift of the log-odds under which the mean probability is a rate, by bisection.

    The rate is kept off 0 and 1 by half a row, where no shift would do.
    """
    rows = len(log_odds)
    target = min(max(rate, 0.5 / rows), 1 - 0.5 / rows)
    low, high = -LEVEL_LIMIT, LEVEL_LIMIT
    for _ in range(BISECTIONS):
        shift = (low + high) / 2
        if float(_sigmoid(log_odds + shift).mean()) < target:
            low = shift
        else:
            high = shift
    return (low + high) / 2


def _sigmoid(log_odds: Floats) -> Floats:
    result: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
    return result
