"""Guards the figures against scikit-learn's and against hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score, roc_curve

from models.validation import evaluate


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, score and probability a row; counts and probability a score."""
    rng = np.random.default_rng(5)
    scores = rng.integers(-50, 1100, 5_000)
    p = 1 / (1 + np.exp((scores - 400) / 120))
    is_bad = rng.random(5_000) < p
    distinct, first, place = np.unique(scores, return_index=True, return_inverse=True)
    return is_bad, scores, p, evaluate.counts_of(place, is_bad, len(distinct)), p[first]


def test_figures_equal_scikit_learns(rows):
    is_bad, scores, p, counts, by_score = rows
    false_alarms, hits, _ = roc_curve(is_bad, -scores)
    assert evaluate.auc_of(counts) == pytest.approx(roc_auc_score(is_bad, -scores), abs=1e-12)
    assert evaluate.kolmogorov_smirnov(counts) == pytest.approx((hits - false_alarms).max(), abs=1e-12)
    assert evaluate.average_precision(counts) == pytest.approx(average_precision_score(is_bad, -scores), abs=1e-12)
    assert evaluate.brier(counts, by_score) == pytest.approx(brier_score_loss(is_bad, p), abs=1e-12)
    assert evaluate.log_loss(counts, by_score) == pytest.approx(log_loss(is_bad, p), abs=1e-12)
    assert evaluate.bad_rate(counts) == pytest.approx(is_bad.mean(), abs=1e-12)
    assert evaluate.mean_probability(counts, by_score) == pytest.approx(p.mean(), abs=1e-12)


def test_the_calibration_line_is_the_logistic_regression_on_the_log_odds(rows):
    is_bad, _, p, counts, by_score = rows
    wrong, wrong_by_score = (np.log(q / (1 - q)) * 1.7 + 0.4 for q in (p, by_score))
    fitted = LogisticRegression(C=1e12, tol=1e-10, max_iter=1_000).fit(wrong[:, None], is_bad)
    assert evaluate.calibration_slope(counts, wrong_by_score) == pytest.approx(fitted.coef_[0, 0], abs=1e-5)
    level = float(evaluate.calibration_level(counts, wrong_by_score))
    assert (1 / (1 + np.exp(-(wrong + level)))).mean() == pytest.approx(is_bad.mean(), abs=1e-9)


def test_many_replicates_at_once_are_each_alone(rows):
    *_, counts, p = rows
    several = np.stack([counts, counts[::-1], 2 * counts]).reshape(3, 1, *counts.shape)
    log_odds = np.log(p / (1 - p))
    for figure in (
        evaluate.auc_of,
        evaluate.kolmogorov_smirnov,
        evaluate.average_precision,
        lambda c: evaluate.brier(c, p),
        lambda c: evaluate.calibration_slope(c, log_odds),
        lambda c: evaluate.calibration_error(evaluate.group_gaps(c, p, evaluate.equal_groups(counts.sum(axis=1)))),
    ):
        assert figure(several).shape == (3, 1)
        assert figure(several)[:, 0] == pytest.approx([float(figure(one[0])) for one in several])


def test_calibration_error_sees_a_shift_and_not_a_true_probability(rows):
    *_, counts, p = rows
    group = evaluate.equal_groups(counts.sum(axis=1))
    assert evaluate.calibration_error(evaluate.group_gaps(counts, p, group)) < 0.02
    assert evaluate.calibration_error(evaluate.group_gaps(counts, np.clip(p + 0.1, 0, 1), group)) > 0.07


def test_equal_groups_keep_ties_together():
    assert evaluate.equal_groups(np.array([50.0, 1, 1, 48]), 4).tolist() == [0, 2, 2, 2]
    assert np.bincount(evaluate.equal_groups(np.ones(100))).tolist() == [10] * 10


@pytest.mark.parametrize("outcome", [0, 1])
def test_one_outcome_only_has_no_ranking_and_no_calibration_line(outcome):
    counts = np.zeros((50, 2))
    counts[:, outcome] = 2
    assert np.isnan(evaluate.auc_of(counts))
    assert np.isnan(evaluate.kolmogorov_smirnov(counts))
    assert np.isnan(evaluate.calibration_slope(counts, np.linspace(-3, 3, 50)))
    assert evaluate.bad_rate(counts) == outcome
