"""Guards the figures against scikit-learn's and against hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score, roc_curve

from models import evaluate


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    scores = rng.integers(-50, 1100, 5_000)
    p = 1 / (1 + np.exp((scores - 400) / 120))
    return rng.random(5_000) < p, scores, p.astype(np.float32)


def test_figures_equal_scikit_learns(rows):
    is_bad, scores, p = rows
    found = evaluate.evaluate_scores(is_bad, scores, p)
    false_alarms, hits, _ = roc_curve(is_bad, -scores)
    assert found.auc == pytest.approx(roc_auc_score(is_bad, -scores), abs=1e-12)
    assert found.gini == pytest.approx(2 * found.auc - 1)
    assert found.ks == pytest.approx((hits - false_alarms).max(), abs=1e-12)
    assert found.brier == pytest.approx(brier_score_loss(is_bad, p.astype(float)), abs=1e-12)
    assert found.log_loss == pytest.approx(log_loss(is_bad, p.astype(float)), abs=1e-9)


def test_groups_hold_every_row_and_risk_falls_along_them(rows):
    is_bad, scores, p = rows
    found = evaluate.evaluate_scores(is_bad, scores, p)
    for groups in (found.bands, found.deciles):
        assert sum(g.rows for g in groups) == len(scores)
        assert sum(g.bads for g in groups) == is_bad.sum()
        assert groups[0].bad_rate > groups[-1].bad_rate
    assert [g.group for g in found.bands] == ["baixo", "regular", "bom", "muito_bom"]


def test_band_edges():
    scores = np.array([-5, 0, 300, 301, 500, 501, 700, 701, 1000, 1200])
    bands = evaluate.rates_by_band(np.zeros(10, bool), scores, np.full(10, 0.5))
    assert [g.rows for g in bands] == [3, 2, 2, 3]


def test_calibration_error_sees_a_shift_and_not_a_true_probability(rows):
    is_bad, scores, p = rows
    assert evaluate.calibration_error(is_bad, scores, p) < 0.02
    assert evaluate.calibration_error(is_bad, scores, np.clip(p + 0.1, 0, 1)) > 0.07


def test_stability_is_zero_for_the_same_scores_and_large_for_a_shift(rows):
    _, scores, _ = rows
    assert evaluate.population_stability(scores, scores) == 0
    assert evaluate.population_stability(scores, scores + 200) > 0.25
    assert np.isfinite(evaluate.population_stability(scores, np.full(10, 5_000)))


def test_figures_do_not_depend_on_the_order_of_rows(rows):
    is_bad, scores, p = rows
    order = np.random.default_rng(0).permutation(len(scores))
    one, other = evaluate.evaluate_scores(*rows), evaluate.evaluate_scores(is_bad[order], scores[order], p[order])
    assert one.auc == other.auc
    assert one.ks == other.ks
    assert [g.rows for g in one.deciles] == [g.rows for g in other.deciles]


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_only_has_no_ranking(outcome):
    found = evaluate.evaluate_scores(np.full(50, outcome), np.arange(50), np.full(50, 0.5, np.float32))
    assert found.auc is found.gini is found.ks is None
    assert found.bad_rate == float(outcome)


def test_no_rows_at_all():
    found = evaluate.evaluate_scores(np.array([], bool), np.array([], np.int32), np.array([], np.float32))
    assert found.rows == 0
    assert found.bad_rate is found.auc is found.ece is None
