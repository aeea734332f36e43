"""Guards the scale: its anchor, its doubling, and a probability that never rises with the score."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import DataIntegrityError
from models.points.scaling import ScoreScale

scales = st.builds(
    ScoreScale,
    base_points=st.integers(-1000, 2000),
    base_odds=st.floats(0.01, 1000),
    pdo=st.floats(5, 400),
)


def test_base_points_mean_base_odds_and_pdo_doubles_them():
    scale = ScoreScale(600, 10.0, 80.0)
    p = scale.probability(np.array([600, 680, 520])).astype(float)
    np.testing.assert_allclose((1 - p) / p, [10, 20, 5], rtol=1e-5)


@settings(max_examples=60, deadline=None)
@given(scales)
def test_the_published_probability_is_monotone_and_inside_zero_and_one(scale):
    p = scale.probability(np.arange(-20_000, 20_000))
    assert p.dtype == np.float32
    assert (np.diff(p) <= 0).all()
    assert p.min() > 0
    assert p.max() < 1


@settings(max_examples=60, deadline=None)
@given(scales, st.integers(-500, 1500))
def test_the_probability_is_the_closed_form_within_one_float32(scale, raw):
    exact = 1 / (1 + scale.base_odds * 2 ** ((raw - scale.base_points) / scale.pdo))
    exact = min(max(exact, 1e-6), 1 - 1e-6)
    assert abs(float(scale.probability(np.array([raw]))[0]) - exact) <= np.spacing(np.float32(exact))


@settings(max_examples=60, deadline=None)
@given(scales, st.floats(-8, 8))
def test_points_and_log_odds_are_inverse(scale, log_odds):
    assert math.isclose(float(scale.log_odds_of(np.array(scale.points_of(log_odds)))), log_odds, abs_tol=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [{"pdo": 0.0}, {"pdo": math.nan}, {"base_odds": -1.0}, {"base_odds": math.inf}, {"base_points": 10**9}],
)
def test_an_absurd_scale_is_refused(wrong):
    with pytest.raises(DataIntegrityError, match="scale"):
        ScoreScale(**wrong)
