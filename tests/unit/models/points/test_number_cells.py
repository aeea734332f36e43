"""Guards the look-up by bits: for any edges and any number, exactly what the binary search finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.points.number_cells import MAX_INSIDE, NumberCells

SPECIAL = [np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 2.2e-308, -2.2e-308, 1.797e308, -1.797e308]


def assert_found(edges: list[float], values: list[float]) -> None:
    cuts = np.array(edges)
    with np.errstate(over="ignore"):
        near = [np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf)]
    tried = np.concatenate([values, cuts, *near, SPECIAL])
    np.testing.assert_array_equal(NumberCells(edges).codes(tried), np.searchsorted(cuts, tried, side="left"))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=60, unique_by=lambda x: x + 0.0),
    st.lists(st.floats(allow_nan=False), max_size=60),
)
def test_any_numbers_among_any_edges(edges, values):
    assert_found(sorted(edges), values)


@pytest.mark.parametrize("start", [0.0, 1.0, -40.0, 1e9, 1e-300])
@pytest.mark.parametrize("count", [1, MAX_INSIDE, 31, 250, 300, 1_000])
def test_many_edges_close_together(start, count):
    steps = np.arange(1, count + 1)
    for edges in (start + steps, np.cumsum(np.spacing(np.full(count, start + 1.0))) + start + 1.0, -(start + steps)):
        assert_found(np.sort(edges).tolist(), [start, start + 0.5, start + count / 2])


def test_every_not_a_number_is_missing():
    payloads = np.array([0x7FF0000000000001, 0xFFF0000000000001, 0x7FF00000000007A2, 0x7FF8000000000000], np.uint64)
    for edges in ([], [0.0], [-1e308, 1e308], list(range(400))):
        assert NumberCells(edges).codes(payloads.view(np.float64)).tolist() == [len(edges) + 2] * 4
