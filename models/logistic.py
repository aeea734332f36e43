"""Logistic regression on weights of evidence, every coefficient kept at its right sign, and its calibration.

A column's weight of evidence already points the right way, so a term whose coefficient comes out negative would
earn points for what costs them: it is dropped and the rest fitted again. Fitting runs on one thread, so that the
same data give the same model on any number of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

INVERSE_PENALTY = 1.0
"""``C`` of the L2 penalty: a coefficient's prior deviation is 1, that of a weight of evidence used alone."""

TOLERANCE = 1e-8
SELECTION_ROWS = 100_000
"""Rows on which the terms' signs are first sorted out; the final fit sees them all."""

MIN_CALIBRATION_BADS = 50
"""Fewer bads or goods than this on the calibration part: its slope is noise, and only the level is set."""

SLOPE_LIMITS = (0.5, 2.0)
"""A calibration slope outside means a broken fit, not a correction."""

MAX_NEWTON_STEPS = 100
LEVEL_LIMIT = 50.0
BISECTIONS = 64
"""Halvings of ``±LEVEL_LIMIT`` log-odds: down to a double's last digit."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """``log-odds of good = intercept + design @ coefficients``; a dropped column's coefficient is 0."""

    intercept: float
    coefficients: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map that is linear in the log-odds of good, hence keeps terms additive."""

    intercept: float
    slope: float

    def correct(self, fit: LogisticFit) -> LogisticFit:
        """Return the fit whose log-odds are this map of the given one's."""
        return LogisticFit(self.intercept + self.slope * fit.intercept, self.slope * fit.coefficients)


def fit_positive(design: Floats, is_bad: Flags) -> LogisticFit:
    """Return an L2 fit of P(good) with no negative coefficient; ``design`` is rows x columns."""
    with threadpool_limits(1):
        step = max(1, len(is_bad) // SELECTION_ROWS)
        active = _select_positive(design[::step], is_bad[::step])
        while True:
            fit = _fit(design, is_bad, active)
            wrong = active & (fit.coefficients <= 0)
            if not wrong.any():
                return fit
            active &= ~wrong


def calibrate(log_odds_good: Floats, is_bad: Flags) -> Calibration:
    """Return the slope and intercept under which mean probability meets the bad rate; slope 1 on thin data."""
    slope = 1.0
    if min(is_bad.sum(), (~is_bad).sum()) >= MIN_CALIBRATION_BADS:
        with threadpool_limits(1):
            fit = _fit(log_odds_good[:, None], is_bad, np.array([True]))
        slope = float(np.clip(fit.coefficients[0], *SLOPE_LIMITS))
    return Calibration(_level(slope * log_odds_good, is_bad), slope)


def _select_positive(design: Floats, is_bad: Flags) -> Flags:
    """Return the columns of a non-negative fit: an active set, in which each dropped column may return once."""
    active, returned = np.ones(design.shape[1], bool), np.zeros(design.shape[1], bool)
    while active.any():
        fit = _fit(design, is_bad, active)
        wrong = active & (fit.coefficients <= 0)
        if wrong.any():
            active &= ~wrong
            continue
        p_good = 1 / (1 + np.exp(-(fit.intercept + design @ fit.coefficients)))
        gradient = np.where(active | returned, 0.0, design.T @ (~is_bad - p_good))
        best = int(np.argmax(gradient))
        if gradient[best] <= 1.0:
            break
        active[best] = returned[best] = True
    return active


def _fit(design: Floats, is_bad: Flags, active: Flags) -> LogisticFit:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - half a second nobody else should pay

    coefficients = np.zeros(design.shape[1])
    if not active.any():
        return LogisticFit(_level(np.zeros(len(is_bad)), is_bad), coefficients)
    columns = design if active.all() else design[:, active]
    estimator: Any = LogisticRegression(
        C=INVERSE_PENALTY, solver="newton-cholesky", tol=TOLERANCE, max_iter=MAX_NEWTON_STEPS
    )
    estimator.fit(columns, ~is_bad)
    coefficients[active] = estimator.coef_[0]
    return LogisticFit(float(estimator.intercept_[0]), coefficients)


def _level(log_odds_good: Floats, is_bad: Flags) -> float:
    """Return the shift of the log-odds under which the mean probability is the bad rate, by bisection.

    The rate is kept off 0 and 1 by half a row, where no shift would do.
    """
    rows = len(is_bad)
    target = 1 - min(max(float(is_bad.mean()), 0.5 / rows), 1 - 0.5 / rows)
    low, high = -LEVEL_LIMIT, LEVEL_LIMIT
    for _ in range(BISECTIONS):
        shift = (low + high) / 2
        if float((1 / (1 + np.exp(-(log_odds_good + shift)))).mean()) < target:
            low = shift
        else:
            high = shift
    return (low + high) / 2
