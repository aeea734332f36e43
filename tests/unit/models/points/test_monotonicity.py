"""Guards monotonicity of the whole model, pairs included: found exactly, and kept by every score."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import DataIntegrityError
from contracts.feature_terms import InputType, RiskDirection
from models.points.apply import apply_points, raw_scores
from models.points.monotonicity import direction_violations, worst_steps
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from tests.points_samples import known_value_pairs, make_points, make_rows

PAIRS_OF_ROWS = 10_000


def main_term(points: list[int], direction: RiskDirection = RiskDirection.MORE_RISK) -> Term:
    axis = Axis("x", InputType.NUMBER, direction, edges=tuple(map(float, range(1, len(points)))))
    return Term("X", (axis,), (*points, 0, -500))


def pair_term(code: str, falls: list[int], edges: tuple[float, ...], direction: RiskDirection) -> Term:
    """Return a pair of x and a feature of two bins, whose points change by ``falls`` in the partner's second bin."""
    first = Axis("x", InputType.NUMBER, direction, edges=edges)
    second = Axis(code, InputType.NUMBER, edges=(0.0,))
    known = np.concatenate([[0], np.cumsum(falls)])
    rows = [(0, int(points), 0, 0) for points in known] + [(90, -90, 0, 0)] * 2
    return Term(f"X*{code}", (first, second), tuple(points for row in rows for points in row))


def test_a_pair_may_go_against_a_direction_only_as_far_as_the_rest_allows():
    """Two pairs that rise by 6 and 4 at the edge 2, where the term alone falls by 10: just enough, and one more."""
    allowed = (
        main_term([30, 20, 10, 0]),
        pair_term("a", [6], (2.0,), RiskDirection.MORE_RISK),
        pair_term("b", [4], (2.0,), RiskDirection.MORE_RISK),
    )
    assert worst_steps(allowed, "x").tolist() == [10, 0, 10]
    PointsTable("t", 12, ScoreScale(), 600, allowed)
    with pytest.raises(DataIntegrityError, match="x: its points go against its direction, maior_mais_risco"):
        PointsTable("t", 12, ScoreScale(), 600, (*allowed[:2], pair_term("b", [5], (2.0,), RiskDirection.MORE_RISK)))


def test_an_edge_of_a_pair_alone_counts():
    main = main_term([30, 20, 10, 0])
    with pytest.raises(DataIntegrityError, match="x: its points"):
        PointsTable("t", 12, ScoreScale(), 600, (main, pair_term("a", [1], (2.5,), RiskDirection.MORE_RISK)))


def test_missing_and_other_cells_have_no_direction():
    assert direction_violations([main_term([30, 20, 10, 0])]) == []
    assert worst_steps([main_term([5])], "x").tolist() == []
    assert worst_steps([main_term([5])], "y").tolist() == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 10_000))
def test_what_it_finds_is_what_trying_every_cell_finds(seed, place):
    """The exact worst step, against the least change over all rows of a grid of every cell's midpoints."""
    rng = np.random.default_rng(seed)
    direction = RiskDirection.LESS_RISK if place % 2 else RiskDirection.MORE_RISK
    terms = (
        main_term(rng.integers(-9, 9, 4).tolist(), direction),
        pair_term("a", rng.integers(-9, 9, 2).tolist(), (0.5, 2.0), direction),
        pair_term("b", rng.integers(-9, 9, 1).tolist(), (3.0,), direction),
    )
    edges = [0.5, 1.0, 2.0, 3.0]
    free = tuple(_without_directions(term) for term in terms)
    grid = np.array(np.meshgrid([0.2, 0.7, 1.5, 2.5, 9.0], [-1.0, 1.0, np.nan], [-1.0, 1.0, np.nan], indexing="ij"))
    table = pa.table(dict(zip("xab", grid.reshape(3, -1), strict=True)))
    raw = raw_scores(PointsTable("t", 12, ScoreScale(), 0, free), table).reshape(5, -1)
    least = (np.diff(raw, axis=0) * (1 if place % 2 else -1)).min(axis=1)
    assert worst_steps(terms, "x").tolist() == least.tolist()
    assert len(edges) == len(least)
    assert bool(direction_violations(terms)) == bool((least < 0).any())


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_ten_thousand_pairs_of_rows_never_move_against_a_declared_direction(seed):
    """Rows alike but for directed features, each on the riskier side in the second: no score there is higher."""
    points = make_points(seed, numbers=7, pairs=8)
    safer = make_rows(points, PAIRS_OF_ROWS, seed)
    riskier = safer
    rng = np.random.default_rng(seed)
    directed = {a.feature: a for t in points.terms for a in t.axes if a.direction is not RiskDirection.FREE}
    assert len(directed) >= 4
    for place, (feature, axis) in enumerate(directed.items()):
        low, high = known_value_pairs(axis, PAIRS_OF_ROWS, rng)
        moved = (rng.integers(0, len(directed), PAIRS_OF_ROWS) == place) | (rng.random(PAIRS_OF_ROWS) < 0.3)
        first, second = (low, high) if axis.direction is RiskDirection.MORE_RISK else (high, low)
        safer = safer.set_column(safer.column_names.index(feature), feature, pa.array(first))
        at = riskier.column_names.index(feature)
        riskier = riskier.set_column(at, feature, pa.array(np.where(moved, second, first)))
    before, after = apply_points(points, safer), apply_points(points, riskier)
    scored = ~np.asarray(safer["sem_dados"])
    for name, sign in (("score_bruto", -1), ("score", -1), ("probabilidade", 1)):
        change = after[name].to_numpy()[scored].astype(float) - before[name].to_numpy()[scored]
        assert (sign * change >= 0).all()
    moved = before["score_bruto"].to_numpy()[scored] != after["score_bruto"].to_numpy()[scored]
    assert moved.mean() > 0.2


def _without_directions(term: Term) -> Term:
    axes = tuple(Axis(axis.feature, axis.kind, edges=axis.edges) for axis in term.axes)
    return Term(term.code, axes, term.points)
