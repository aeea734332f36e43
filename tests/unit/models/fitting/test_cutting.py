"""Guards the cutting of columns: heavy values alone, near-equal bins, readable edges, rare categories together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fitting.cutting import MAX_CATEGORIES, cut_category, cut_number, shortest_between
from models.points.cell_codes import axis_codes


def cells(values, axis, weights=None):
    codes = axis_codes(axis, pa.array(values, from_pandas=True))
    return np.bincount(codes, weights=weights, minlength=axis.cells)


def test_few_values_get_a_bin_each():
    values = np.array([3.0, 1.0, 2.0, np.nan, 2.0])
    axis = cut_number("x", values, np.ones(5), max_bins=8)
    assert axis.edges == (1.0, 2.0)
    assert cells(values, axis).tolist() == [1, 2, 1, 0, 1]


def test_many_values_share_near_equal_bins():
    values = np.random.default_rng(0).normal(size=10_000)
    axis = cut_number("x", values, np.ones(10_000), max_bins=20)
    assert axis.bins == 20
    assert cells(values, axis)[:20].min() > 450


def test_a_sentinel_keeps_a_bin_of_its_own():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(50, 10, 5_000), np.full(1_000, -999.0), np.full(800, 999.0)])
    axis = cut_number("x", values, np.ones(len(values)), max_bins=10)
    counts = cells(values, axis)
    assert counts[0] == 1_000
    assert counts[axis.bins - 1] == 800


def test_weights_count_as_rows():
    values = np.arange(100.0)
    heavy = np.where(values < 10, 91.0, 1.0)
    axis = cut_number("x", values, heavy, max_bins=10)
    assert sum(edge < 10 for edge in axis.edges) >= 8


def test_all_missing_and_constant_columns_have_one_bin():
    for values in (np.full(5, np.nan), np.full(5, 7.0)):
        assert cut_number("x", values, np.ones(5), max_bins=4).bins == 1


def test_infinities_fall_in_the_outer_bins():
    values = np.array([-np.inf, 1.0, 2.0, np.inf])
    axis = cut_number("x", values, np.ones(4), max_bins=8)
    assert all(np.isfinite(axis.edges))
    codes = axis_codes(axis, pa.array(values))
    assert codes[0] < codes[1] < codes[2]
    assert codes[3] == axis.bins - 1


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_an_edge_lies_between_its_neighbours(a, b):
    low, high = min(a, b), max(a, b)
    if low < high:
        assert low <= shortest_between(low, high) < high


@pytest.mark.parametrize(
    ("low", "high", "edge"), [(1498.7, 1502.1, 1500.0), (0.1234, 0.1301, 0.13), (99.0, 100.0, 99.0), (-3.0, 5.0, 0.0)]
)
def test_edges_are_as_short_as_can_be(low, high, edge):
    assert shortest_between(low, high) == edge


def test_rare_and_overlong_categories_share_other():
    values = pa.array(["a"] * 50 + ["b"] * 30 + ["rare"] * 3 + ["x" * 5_000] * 40 + [None] * 2)
    axis = cut_category("c", values, np.ones(len(values)))
    assert axis.groups == (("a",), ("b",))
    assert cells(values, axis).tolist() == [50, 30, 43, 2]


def test_a_column_of_names_keeps_the_heaviest_only():
    values = pa.array([f"n{i % 300}" for i in range(21_000)])
    assert len(cut_category("c", values, np.ones(21_000)).groups) == MAX_CATEGORIES


def test_a_handful_of_rows_has_no_bin_of_its_own():
    values = np.concatenate([np.zeros(9_000), np.full(985, 1.0), np.full(15, 50.0)])
    for bins in (2, 8):
        axis = cut_number("x", values, np.ones(10_000), max_bins=bins)
        assert axis.edges == (0.0,)
    many = np.concatenate([np.zeros(9_000), np.arange(1.0, 1_001.0)])
    assert cells(many, cut_number("x", many, np.ones(10_000), max_bins=32))[:-2].min() >= 20


def test_in_a_small_table_every_category_counts():
    assert cut_category("c", pa.array(["a", "b", "b"]), np.ones(3)).groups == (("b",), ("a",))
