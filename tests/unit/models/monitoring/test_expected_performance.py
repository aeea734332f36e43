"""What probabilities say of themselves comes true on calibrated rows; outcomes count exactly and add up."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from models.monitoring.expected_performance import auc_standard_error, expected_performance
from models.monitoring.observed_performance import ScoreOutcomes, count_outcomes, observe_performance
from models.monitoring.population_stability import chi_square_quantile, population_stability, score_groups
from models.points.scaling import ScoreScale

SCALE = ScoreScale()


def draw(rows: int, seed: int, *, mean: float = 640.0, spread: float = 110.0) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and outcomes that follow the scale's probabilities exactly."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(mean, spread, rows).round().astype(np.int32)
    return raw, rng.random(rows) < SCALE.probability(raw)


def counts_of(raw: np.ndarray) -> dict[int, int]:
    return dict(zip(*(part.tolist() for part in np.unique(raw, return_counts=True)), strict=True))


@pytest.mark.parametrize(("mean", "spread"), [(640, 110), (560, 60), (700, 160)])
def test_estimates_come_true_on_calibrated_rows(mean, spread):
    raw, is_bad = draw(200_000, 1, mean=mean, spread=spread)
    expected = expected_performance(counts_of(raw), SCALE)
    p = SCALE.probability(raw).astype(np.float64)
    assert expected.auc == pytest.approx(roc_auc_score(is_bad, p), abs=0.005)
    assert expected.brier == pytest.approx(brier_score_loss(is_bad, p), abs=0.001)
    assert expected.bad_rate == pytest.approx(p.mean(), abs=1e-9)
    assert expected.bad_rate_low < is_bad.mean() < expected.bad_rate_high


def test_the_expected_auc_is_the_mean_over_all_outcomes_of_few_rows():
    """Of two rows, the AUC is judged only by the chance that the bad one of a mixed pair has the lower score."""
    raw = np.array([500, 700])
    low, high = SCALE.probability(raw).astype(np.float64)
    ordered, turned = low * (1 - high), high * (1 - low)
    expected = expected_performance({500: 1, 700: 1}, SCALE)
    assert expected.auc == pytest.approx(ordered / (ordered + turned))


def test_one_row_has_no_auc_and_no_rows_have_nothing():
    assert expected_performance({600: 1}, SCALE).auc is None
    assert expected_performance({}, SCALE) is None


def test_the_standard_error_is_that_of_repeated_samples():
    samples = [draw(2_000, seed) for seed in range(100)]
    aucs = [roc_auc_score(is_bad, -raw) for raw, is_bad in samples]
    bads = np.mean([is_bad.sum() for _, is_bad in samples])
    assert auc_standard_error(float(np.mean(aucs)), bads=bads, goods=2_000 - bads) == pytest.approx(
        np.std(aucs), rel=0.3
    )


def test_observed_figures_are_those_of_the_rows():
    raw, is_bad = draw(20_000, 2)
    observed = observe_performance(count_outcomes(raw, is_bad, unknown=7), SCALE)
    p = SCALE.probability(raw).astype(np.float64)
    assert observed.auc.estimate == pytest.approx(roc_auc_score(is_bad, -raw), abs=1e-7)
    assert observed.brier == pytest.approx(brier_score_loss(is_bad, p))
    assert (observed.whole.rows, observed.whole.bads, observed.unknown) == (20_000, is_bad.sum(), 7)
    assert (observed.whole.observed.estimate, observed.whole.expected) == pytest.approx((is_bad.mean(), p.mean()))
    assert sum(band.rows for band in observed.bands) == 20_000
    regular = next(band for band in observed.bands if band.band == "regular")
    inside = (raw > 300) & (raw <= 500)
    assert (regular.rows, regular.bads) == (inside.sum(), is_bad[inside].sum())
    assert abs(observed.whole.deviations) < 3


def test_the_interval_holds_the_true_auc_as_often_as_it_says():
    [truth] = [expected_performance(counts_of(draw(500_000, 3)[0]), SCALE).auc]
    intervals = [observe_performance(count_outcomes(*draw(2_000, s), unknown=0), SCALE).auc for s in range(100, 200)]
    assert sum(interval.low <= truth <= interval.high for interval in intervals) >= 88


def test_outcomes_add_up_and_survive_json():
    raw, is_bad = draw(1_000, 4)
    whole = count_outcomes(raw, is_bad, unknown=3)
    parts = count_outcomes(raw[:300], is_bad[:300], unknown=3) + count_outcomes(raw[300:], is_bad[300:], unknown=0)
    assert parts == whole
    assert ScoreOutcomes.from_json(whole.to_json()) == whole
    assert observe_performance(ScoreOutcomes(unknown=5), SCALE) is None


def test_one_outcome_only_has_rates_and_no_auc():
    observed = observe_performance(ScoreOutcomes(goods={600: 50}), SCALE)
    assert observed.auc is None
    assert observed.whole.observed.estimate == 0.0


def test_the_index_of_two_samples_of_one_population_is_what_chance_says():
    shape = np.random.default_rng(1).dirichlet(np.full(20, 3.0))
    reference = np.random.default_rng(2).multinomial(20_000, shape)
    found = [
        population_stability(reference, np.random.default_rng(seed).multinomial(1_000, shape), significance=0.05)
        for seed in range(400)
    ]
    assert np.mean([index.value for index in found]) == pytest.approx(found[0].chance_mean, rel=0.15)
    assert 0.02 <= np.mean([index.value > index.chance_limit for index in found]) <= 0.09


def test_a_cell_that_was_never_seen_counts():
    index = population_stability(np.array([500, 500, 0]), np.array([300, 300, 400]), significance=0.001)
    assert index.value > 1
    assert index.value > index.chance_limit


def test_rare_cells_are_judged_together():
    reference = np.array([10_000, 10_000, *[3] * 30])
    actual = np.array([500, 500, *[0] * 29, 1])
    assert population_stability(reference, actual, significance=0.001).value < 0.01


def test_an_empty_side_has_no_index():
    assert population_stability(np.array([1, 2]), np.array([0, 0]), significance=0.01) is None


def test_deciles_are_those_of_the_reference_and_ties_stay_together():
    reference, actual = dict.fromkeys(range(100), 10), {5: 40, 95: 60, 2_000: 1}
    before, now = score_groups(reference, actual)
    assert before.tolist() == [100] * 10
    assert now.tolist() == [40, *[0] * 8, 61]
    assert score_groups({600: 1_000}, {599: 5, 600: 10, 601: 4})[0].sum() == 1_000


def test_the_quantile_is_conservative_in_the_far_tail():
    # Tables of the chi-square distribution: 0.95, 0.999 and 0.9999 at 1, 9 and 33 degrees.
    for degrees, exact in ((1, (3.84, 10.83, 15.14)), (9, (16.92, 27.88, 33.72)), (33, (47.40, 63.87, 72.03))):
        found = [chi_square_quantile(q, degrees) for q in (0.95, 0.999, 0.9999)]
        assert found == pytest.approx(exact, rel=0.08)
        assert found[1] >= exact[1] - 0.01
    assert chi_square_quantile(0.99, 0) == 0.0
