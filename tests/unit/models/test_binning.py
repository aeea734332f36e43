"""Guards the bins: optimal pooling, declared directions, thin data, missing and unknown values, determinism."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from models.binning import MIN_BIN_ROWS, bin_category, bin_number, category_codes
from models.inputs import RiskDirection
from models.pooling import isotonic_values, merge_optimally, pool_adjacent_violators

cells = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=1, max_size=8)


def as_counts(drawn: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    bads = np.array([float(bad) for bad, _ in drawn])
    return bads, bads + [float(good) for _, good in drawn]


@settings(max_examples=100, deadline=None)
@given(cells)
def test_pooled_rates_are_scikit_learns_isotonic_regression(drawn):
    bads, totals = as_counts(drawn)
    starts = pool_adjacent_violators(bads, totals)
    rates = np.add.reduceat(bads, starts) / np.add.reduceat(totals, starts)
    ours = np.repeat(rates, np.diff([*starts, len(bads)]))
    theirs = IsotonicRegression().fit_transform(np.arange(len(bads)), bads / totals, sample_weight=totals)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)
    np.testing.assert_allclose(isotonic_values(bads / totals, totals), theirs, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(cells)
def test_merging_finds_the_best_of_all_groupings(drawn):
    bads, totals = as_counts(drawn)

    def worth(starts: tuple[int, ...]) -> float:
        bad, total = np.add.reduceat(bads, starts), np.add.reduceat(totals, starts)
        if (total < 20).any() or (bad == 0).any() or (bad == total).any():
            return -np.inf
        rate = bad / total
        return float((bad * np.log(rate) + (total - bad) * np.log(1 - rate) - 2.0).sum())

    every = [(0, *cut) for size in range(len(bads)) for cut in combinations(range(1, len(bads)), size)]
    found = merge_optimally(bads, totals, min_rows=20, penalty=2.0)
    best = max(worth(starts) for starts in every)
    if np.isfinite(best):
        assert worth(tuple(found)) == pytest.approx(best)
    else:
        assert found == [0]


def wavy(rows: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=rows).round(2)
    return values, rng.random(rows) < 1 / (1 + np.exp(2 - np.sin(2 * values) - 0.5 * values))


@pytest.mark.parametrize(("direction", "sign"), [(RiskDirection.MORE_RISK, -1), (RiskDirection.LESS_RISK, 1)])
def test_a_direction_is_kept_even_where_the_data_speak_against_it(direction, sign):
    values, is_bad = wavy()
    for outcome in (is_bad, ~is_bad):
        bins = bin_number(values, outcome, direction)
        assert (sign * np.diff(bins.woe[:-2]) >= 0).all()


def test_a_free_feature_follows_its_shape():
    values, is_bad = wavy()
    steps = np.sign(np.diff(bin_number(values, is_bad, RiskDirection.FREE).woe[:-2]))
    assert {-1.0, 1.0} <= set(steps.tolist())


def test_every_bin_is_thick_enough_and_codes_follow_the_edges():
    values, is_bad = wavy(3_000)
    bins = bin_number(values, is_bad, RiskDirection.FREE)
    assert bins.rows[:-2].min() >= MIN_BIN_ROWS
    np.testing.assert_array_equal(bins.codes, np.searchsorted(bins.edges, values, side="left"))
    assert bins.rows.sum() == len(values)


@pytest.mark.parametrize("bad_when_missing", [0.0, 1.0])
def test_missing_never_earns_more_or_less_than_every_known_value(bad_when_missing):
    values, is_bad = wavy()
    missing = np.arange(len(values)) % 7 == 0
    outcome = np.where(missing, np.arange(len(values)) % 2 < bad_when_missing * 2, is_bad)
    bins = bin_number(np.where(missing, np.nan, values), outcome, RiskDirection.MORE_RISK)
    assert bins.rows[-1] == missing.sum()
    assert bins.woe[:-2].min() <= bins.woe[-1] <= bins.woe[:-2].max()


@pytest.mark.parametrize(
    "values", [np.full(500, np.nan), np.full(500, 3.0), np.array([np.inf, -np.inf] * 250), np.array([0.0, -0.0] * 250)]
)
def test_columns_without_shape_say_nothing_and_break_nothing(values):
    is_bad = np.arange(500) % 4 < 2
    bins = bin_number(values, is_bad, RiskDirection.MORE_RISK)
    assert np.isfinite(bins.woe).all()
    assert np.isfinite(bins.edges).all()
    assert bins.information_value == pytest.approx(0, abs=1e-9)


def test_bins_do_not_depend_on_the_order_of_rows():
    values, is_bad = wavy()
    order = np.random.default_rng(1).permutation(len(values))
    one, other = bin_number(values, is_bad, RiskDirection.FREE), bin_number(values[order], is_bad[order], "livre")
    assert one.edges == other.edges
    np.testing.assert_array_equal(one.woe, other.woe)


def test_categories_of_like_risk_share_a_bin_and_rare_ones_are_other():
    rng = np.random.default_rng(3)
    names = np.array(["A", "B", "C", "D", "raro"])
    place = rng.choice(5, size=20_000, p=[0.3, 0.3, 0.2, 0.199, 0.001])
    is_bad = rng.random(20_000) < np.array([0.1, 0.1, 0.4, 0.4, 0.5])[place]
    bins = bin_category(pa.array(names[place], mask=rng.random(20_000) < 0.1), is_bad)
    assert bins.groups == (("A", "B"), ("C", "D"))
    assert bins.woe[0] > 0 > bins.woe[1]
    assert 0 < bins.rows[2] < 50
    assert bins.woe[1] <= bins.woe[2] <= bins.woe[0]
    assert category_codes(pa.array(["A", "D", "novo", None, ""]), bins.groups).tolist() == [0, 1, 2, 3, 2]


def test_a_category_with_no_common_value_has_no_bin_of_its_own():
    bins = bin_category(pa.array([f"v{i}" for i in range(300)]), np.arange(300) % 3 == 0)
    assert bins.groups == ()
    assert bins.codes.tolist() == [0] * 300


def test_shrinking_a_thin_bin_does_not_turn_its_direction():
    rows, bads = (4_000, 400, 50), (400, 340, 49)
    values = np.repeat([0.0, 1.0, 2.0], rows)
    is_bad = np.concatenate([np.arange(n) < bad for n, bad in zip(rows, bads, strict=True)])
    free, directed = (bin_number(values, is_bad, d) for d in (RiskDirection.FREE, RiskDirection.MORE_RISK))
    assert free.edges == directed.edges == (0.0, 1.0)
    assert free.woe[2] > free.woe[1]  # pulled to the mean, the worst bin would look better than the one before
    assert directed.woe[2] <= directed.woe[1] < directed.woe[0]
