"""Guards the intervals: they cover as often as they say, they count consumers and not rows, and they repeat."""

from __future__ import annotations

import numpy as np
import pytest

from models.validation.evaluate import auc_of
from models.validation.intervals import (
    Interval,
    Resampling,
    auc_replicates,
    normal_interval,
    paired_auc_difference,
    rate_interval,
)


def draw(consumers: int, dates: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcome, score and consumer; a consumer's rows agree, and the score ranks with an AUC of 0.76."""
    rng = np.random.default_rng(seed)
    is_bad = np.repeat(rng.random(consumers) < 0.2, dates)
    score = np.repeat(np.rint(100 * rng.normal(size=consumers)), dates) - 100 * is_bad
    return is_bad, score.astype(np.int64), np.repeat(np.arange(consumers), dates)


def auc_interval(is_bad, score, consumer, seed=1) -> Interval:
    return normal_interval(*auc_replicates(is_bad, score, Resampling(consumer, seed=seed)))


def test_an_interval_covers_the_truth_as_often_as_it_says():
    truth = auc_replicates(*draw(400_000, 1, 99)[:2], Resampling(np.zeros(400_000, int), seed=0, replicates=0))[0]
    found = [auc_interval(*draw(300, 2, seed)) for seed in range(100)]
    covered = sum(one.low <= truth <= one.high for one in found)
    assert 88 <= covered <= 100


def test_rows_of_the_same_consumer_tell_nothing_new():
    once, thrice = (auc_interval(*draw(500, dates, 3)) for dates in (1, 3))
    assert thrice.estimate == once.estimate
    assert thrice.high - thrice.low == pytest.approx(once.high - once.low, rel=1e-6)
    is_bad, score, _ = draw(500, 3, 3)
    naive = auc_interval(is_bad, score, np.arange(1_500))
    assert naive.high - naive.low < 0.7 * (once.high - once.low)


def test_the_standard_deviation_is_that_of_delong():
    """DeLong et al. (1988), for independent rows."""
    is_bad, score, consumer = draw(3_000, 1, 5)
    bad, good = score[is_bad], score[~is_bad]
    wins = (good[None, :] > bad[:, None]) + 0.5 * (good[None, :] == bad[:, None])
    delong = np.sqrt(wins.mean(axis=1).var(ddof=1) / len(bad) + wins.mean(axis=0).var(ddof=1) / len(good))
    found = auc_interval(is_bad, score, consumer)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(delong, rel=0.15)


def test_neither_the_order_of_rows_nor_the_names_of_consumers_matter():
    is_bad, score, consumer = draw(200, 2, 7)
    order = np.random.default_rng(0).permutation(len(score))
    found = auc_interval(is_bad[order], score[order], 1_000 + 7 * consumer[order])
    assert found == auc_interval(is_bad, score, consumer)
    assert found != auc_interval(is_bad, score, consumer, seed=2)


def test_a_paired_difference_is_much_narrower_than_two_figures_apart():
    is_bad, score, consumer = draw(1_500, 1, 9)
    near = score + np.random.default_rng(1).normal(scale=15, size=len(score))
    found = paired_auc_difference(is_bad, score, near, consumer, seed=1)
    alone = auc_interval(is_bad, score, consumer)
    assert found.high - found.low < 0.5 * (alone.high - alone.low)
    assert found.low < found.estimate < found.high
    same = paired_auc_difference(is_bad, score, 2.0 * score, consumer, seed=1)
    assert same == Interval(0.0, 0.0, 0.0)


def test_a_rate_without_an_event_is_not_certain():
    none = rate_interval(0.0, 50, np.zeros(200))
    assert (none.estimate, none.low) == (0.0, 0.0)
    assert 0.05 < none.high < 0.1
    assert rate_interval(1.0, 50, np.ones(200)).low == pytest.approx(1 - none.high)


def test_a_rate_of_rows_that_agree_is_wider():
    is_bad, _, consumer = draw(400, 4, 11)
    counts = Resampling(consumer, seed=1).counts(is_bad.astype(np.int64), 2)
    apart = Resampling(np.arange(1_600), seed=1).counts(is_bad.astype(np.int64), 2)
    wide, narrow = (rate_interval(is_bad.mean(), 1_600, drawn[:, 1] / drawn.sum(axis=1)) for drawn in (counts, apart))
    assert 1.7 < (wide.high - wide.low) / (narrow.high - narrow.low) < 2.3


def test_what_does_not_exist_has_no_interval():
    outcome = np.ones(40, bool)
    assert paired_auc_difference(outcome, np.arange(40), np.arange(40), np.arange(40), seed=1) is None
    assert rate_interval(np.nan, 0, np.full(200, np.nan)) is None
    assert normal_interval(0.5, np.full(200, np.nan)) is None


def test_counts_are_the_weighted_rows_of_each_cell():
    consumer, cell = np.array([5, 5, 9]), np.array([0, 2, 2])
    resampling = Resampling(consumer, seed=1, replicates=3)
    expected = [[w[0], 0, w[0] + w[1]] for w in resampling.weights.astype(int).tolist()]
    assert resampling.counts(cell, 3).tolist() == expected
    assert resampling.consumers == 2


def test_weights_are_poisson():
    weights = Resampling(np.arange(20_000), seed=1, replicates=20).weights
    assert weights.mean() == pytest.approx(1, abs=0.01)
    assert weights.var() == pytest.approx(1, abs=0.01)


def test_the_example_of_auc_counts_ties_as_half():
    assert float(auc_of(np.array([[1.0, 1.0]]))) == 0.5
