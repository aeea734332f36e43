"""Guards the figures of a set of rows: each in its interval, groups that hold every row, months and their trend."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from models.validation.figures import SetFigures, measure_set
from models.validation.intervals import Interval
from tests.evidence_samples import DAYS, judge

HEADLINE = [field.name for field in fields(SetFigures) if str(field.type) == "Interval | None"]


@pytest.fixture(scope="module")
def measured() -> SetFigures:
    return measure_set(judge(12_000), seed=1)


def test_every_single_figure_has_an_interval_around_it(measured):
    assert len(HEADLINE) == 13
    for name in HEADLINE:
        found = getattr(measured, name)
        assert found.low <= found.estimate <= found.high, name
        assert found.low < found.high, name


def test_true_probabilities_are_found_calibrated(measured):
    assert measured.calibration_slope.low < 1 < measured.calibration_slope.high
    assert measured.calibration_level.low < 0 < measured.calibration_level.high
    assert measured.calibration_gap.low < 0 < measured.calibration_gap.high
    assert measured.ece_debiased.estimate < measured.ece.estimate < 0.02


def test_wrong_probabilities_are_found_so():
    measured = measure_set(judge(12_000, shift=0.7), seed=1)
    assert measured.calibration_level.low > 0.5
    assert measured.calibration_gap.high < 0
    assert measured.ece_debiased.low > 0.05


def test_the_bias_of_the_plain_calibration_error_is_taken_off_on_average():
    """Of true probabilities the error is 0; at this size the plain estimate is far from it."""
    found = [measure_set(judge(600, seed, dates=1), seed=1) for seed in range(25)]
    plain, debiased = (np.mean([getattr(f, name).estimate for f in found]) for name in ("ece", "ece_debiased"))
    assert plain > 0.03
    assert debiased < 0.3 * plain


def test_groups_hold_every_row_and_risk_falls_along_them(measured):
    for groups in (measured.bands, measured.deciles, measured.curve):
        assert sum(g.rows for g in groups) == measured.rows == 12_000
        assert sum(g.bads for g in groups) == measured.bads
        assert groups[0].bad_rate.estimate > groups[-1].bad_rate.estimate
        assert all(g.bad_rate.low <= g.bad_rate.estimate <= g.bad_rate.high for g in groups)
        expected = sum(g.rows * g.mean_probability.estimate for g in groups) / 12_000
        assert expected == pytest.approx(measured.mean_probability.estimate, abs=1e-6)
    assert [g.group for g in measured.bands] == ["baixo", "regular", "bom", "muito_bom"]
    assert max(g.rows for g in measured.deciles) < 1.1 * min(g.rows for g in measured.deciles)


def test_bands_are_those_of_the_published_score():
    rows = judge(10, dates=1)
    raw = np.array([-5, 0, 300, 301, 500, 501, 700, 701, 1000, 1200])
    found = measure_set(replace(rows, raw_score=raw, probability=np.linspace(0.9, 0.1, 10)), seed=1).bands
    assert [g.rows for g in found] == [3, 2, 2, 3]
    assert [(g.lowest_score, g.highest_score) for g in found] == [(0, 300), (301, 500), (501, 700), (701, 1000)]


def test_the_curves_end_with_every_row(measured):
    assert (measured.below.goods[-1], measured.below.bads[-1]) == (measured.rows - measured.bads, measured.bads)
    assert len(measured.below.scores) <= 200
    assert sum(measured.histogram.goods) + sum(measured.histogram.bads) == measured.rows


def test_months_are_measured_apart_and_a_decay_is_seen():
    rows = judge(15_000)
    late = rows.as_of == DAYS[2]
    rng = np.random.default_rng(0)
    blurred = np.where(late, rng.permutation(rows.raw_score), rows.raw_score)
    scores, first = np.unique(rows.raw_score, return_index=True)
    decayed = replace(rows, raw_score=blurred, probability=rows.probability[first][np.searchsorted(scores, blurred)])
    steady, broken = measure_set(rows, seed=1), measure_set(decayed, seed=1)
    assert [month.as_of for month in broken.months] == [str(day) for day in DAYS]
    assert sum(month.rows for month in broken.months) == 15_000
    assert broken.trend.gini_slope.high < 0 < steady.trend.gini_slope.high
    assert broken.trend.gini_spread.low > 0.2 > steady.trend.gini_spread.estimate
    assert broken.months[0].gini == steady.months[0].gini


def test_one_month_has_no_trend():
    assert measure_set(judge(900, dates=1), seed=1).trend is None


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_only_has_rates_and_no_ranking(outcome):
    rows = judge(300)
    found = measure_set(replace(rows, is_bad=np.full(300, outcome)), seed=1)
    assert found.auc is found.gini is found.ks is found.calibration_slope is None
    assert found.bad_rate.estimate == float(outcome)
    assert found.trend is None


def test_the_same_rows_in_any_order_give_the_same_figures():
    rows = judge(1_500)
    order = np.random.default_rng(0).permutation(1_500)
    shuffled = replace(
        rows,
        groups={},
        **{n: getattr(rows, n)[order] for n in ("as_of", "consumer", "is_bad", "raw_score", "probability")},
    )
    assert measure_set(shuffled, seed=1) == measure_set(rows, seed=1)
    assert measure_set(rows, seed=2).auc != measure_set(rows, seed=1).auc


def test_figures_are_plain_numbers(measured):
    assert all(type(end) is float for name in HEADLINE for end in _ends(getattr(measured, name)))


def _ends(found: Interval) -> tuple[float, float, float]:
    return found.estimate, found.low, found.high
