"""Guards calibration: the map that made the outcomes is found again, and thin data set the level alone."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.calibration import SLOPE_LIMITS, fit_calibration


@pytest.mark.parametrize(("slope", "shift"), [(0.8, 0.3), (1.2, -0.5)])
def test_slope_and_level_are_recovered(slope, shift):
    rng = np.random.default_rng(4)
    log_odds = rng.normal(-1.5, 1.2, 60_000)
    found = fit_calibration(log_odds, rng.random(60_000) < 1 / (1 + np.exp(-(slope * log_odds + shift))))
    assert found.slope == pytest.approx(slope, abs=0.04)
    assert found.intercept == pytest.approx(shift, abs=0.06)
    assert found.rows == 60_000


def test_no_other_line_has_a_better_likelihood():
    rng = np.random.default_rng(5)
    log_odds = rng.normal(-1.0, 1.5, 5_000)
    is_bad = rng.random(5_000) < 1 / (1 + np.exp(-(0.7 * log_odds + 0.2)))
    found = fit_calibration(log_odds, is_bad)

    def loss(intercept, slope):
        line = intercept + slope * log_odds
        return np.logaddexp(0, np.where(is_bad, -line, line)).mean()

    best = loss(found.intercept, found.slope)
    for step in (-1e-3, 1e-3):
        assert loss(found.intercept + step, found.slope) > best
        assert loss(found.intercept, found.slope + step) > best


def test_the_mean_probability_is_the_bad_rate():
    rng = np.random.default_rng(6)
    log_odds = rng.normal(-2.0, 1.0, 3_000)
    is_bad = rng.random(3_000) < 0.3
    found = fit_calibration(log_odds, is_bad)
    assert found.probability(log_odds).mean() == pytest.approx(is_bad.mean(), abs=1e-9)


def test_the_level_is_pooled_with_that_of_the_fit():
    """Calibration rows that are a fifth of all rows move the mean probability by a fifth of the way."""
    rng = np.random.default_rng(8)
    log_odds = rng.normal(-2.0, 1.0, 4_000)
    expected = (1 / (1 + np.exp(-log_odds))).mean()
    is_bad = rng.random(4_000) < 0.3
    found = fit_calibration(log_odds, is_bad, fitted_rows=16_000)
    assert found.probability(log_odds).mean() == pytest.approx(expected + (is_bad.mean() - expected) / 5, abs=1e-9)
    assert found.slope == fit_calibration(log_odds, is_bad).slope


def test_thin_data_set_only_the_level():
    found = fit_calibration(np.zeros(100), np.arange(100) < 20)
    assert found.slope == 1.0
    assert 1 / (1 + np.exp(-found.intercept)) == pytest.approx(0.2)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_one_outcome_alone_still_gives_a_finite_level(share):
    found = fit_calibration(np.linspace(-1, 1, 200), np.full(200, bool(share)))
    assert np.isfinite(found.intercept)


def test_the_same_log_odds_everywhere_leave_the_slope_at_one():
    assert fit_calibration(np.full(1_000, -1.0), np.arange(1_000) % 5 == 0).slope == 1.0


def test_an_order_that_is_noise_is_held_at_the_limit():
    rng = np.random.default_rng(7)
    assert fit_calibration(rng.normal(size=4_000), rng.random(4_000) < 0.2).slope == SLOPE_LIMITS[0]


def test_outcomes_told_apart_without_fault_are_held_at_the_limit():
    log_odds = np.concatenate([np.full(300, -0.1), np.full(300, 0.1)])
    assert fit_calibration(log_odds, log_odds > 0).slope == SLOPE_LIMITS[1]
