"""Guards the way from log-odds to points: rounding, base, merging, codes, and directions that must hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError
from contracts.feature_terms import InputType, RiskDirection
from models.fitting.additive import AdditiveModel, AdditiveTerm
from models.fitting.compilation import TermLabel, compile_points
from models.points.apply import raw_scores
from models.points.scaling import ScoreScale
from models.points.table import Axis

X = Axis("x", InputType.NUMBER, edges=(0.0, 1.0, 2.0))
C = Axis("c", InputType.CATEGORY, groups=(("u",), ("v",), ("w",)))


def term(axes, log_odds, rows=None) -> AdditiveTerm:
    values = np.asarray(log_odds, float)
    return AdditiveTerm(axes, values, np.ones(values.shape) if rows is None else np.asarray(rows, float))


def model_of(seed: int = 0) -> AdditiveModel:
    rng = np.random.default_rng(seed)
    pair = rng.normal(0, 0.4, (X.cells, C.cells))
    return AdditiveModel(
        -1.2, (term((X,), rng.normal(0, 1, X.cells)), term((C,), rng.normal(0, 1, C.cells)), term((X, C), pair))
    )


def rows_of(count: int = 500) -> pa.Table:
    rng = np.random.default_rng(1)
    x = np.where(rng.random(count) < 0.1, np.nan, rng.normal(1, 2, count))
    return pa.table({"x": x, "c": rng.choice(["u", "v", "w", "unknown", None], count).tolist()})


def test_points_stand_for_the_log_odds_within_half_a_point_a_term():
    model, table, scale = model_of(), rows_of(), ScoreScale()
    raw = raw_scores(compile_points(model, scale=scale), table)
    exact = scale.points_of(0.0) - scale.factor * model.log_odds(table)
    assert np.abs(raw - exact).max() <= 0.5 * 3 + 0.5


def test_the_mean_score_is_kept():
    model = AdditiveModel(0.3, (term((X,), [0.004] * X.cells),))
    points = compile_points(model, scale=ScoreScale())
    assert points.terms == ()
    assert points.base_points == round(ScoreScale().points_of(-0.304)), "what rounding took stands in the base"


def test_equal_neighbours_and_equal_groups_become_one():
    flat = AdditiveModel(0.0, (term((X,), [0.5, 0.5, -0.5, -0.5, 0.0, 0.2]), term((C,), [0.3, -0.3, 0.3, 0.0, 0.0])))
    number, category = compile_points(flat, scale=ScoreScale()).terms
    assert number.axes[0].edges == (1.0,)
    assert set(category.axes[0].groups) == {("u", "w"), ("v",)}


def test_a_pair_is_merged_along_both_axes():
    grid = np.zeros((X.cells, C.cells))
    grid[2:4, 1] = 0.6
    (pair,) = compile_points(AdditiveModel(0.0, (term((X, C), grid),)), scale=ScoreScale()).terms
    assert pair.shape == (2 + 2, 2 + 2)
    assert sorted(set(pair.points)) == [round(-0.6 * ScoreScale().factor), 0]


def test_labels_give_codes_and_texts_and_a_pair_never_takes_a_columns_name():
    named = Axis("x*c", InputType.NUMBER, edges=(0.0,))
    terms = (*model_of().terms, term((named,), [1.0, -1.0, 0.0, 0.0]))
    label = TermLabel("X01", "sobe", "desce")
    points = compile_points(AdditiveModel(0.0, terms), scale=ScoreScale(), labels={"x": label})
    assert [t.code for t in points.terms] == ["X01", "c", "x*c", "x*c'"]
    assert points.texts["X01"] == {"aumenta": "sobe", "reduz": "desce"}


def test_rounding_keeps_a_direction():
    up = Axis("x", InputType.NUMBER, RiskDirection.MORE_RISK, edges=tuple(map(float, range(30))))
    log_odds = np.concatenate([np.sort(np.random.default_rng(3).normal(0, 0.05, 31)), [0.0, 0.4]])
    (only,) = compile_points(AdditiveModel(0.0, (term((up,), log_odds),)), scale=ScoreScale()).terms
    assert (np.diff(only.points[: only.axes[0].bins]) < 0).all()


def test_a_model_against_its_direction_does_not_compile():
    down = Axis("x", InputType.NUMBER, RiskDirection.LESS_RISK, edges=(0.0,))
    with pytest.raises(DataIntegrityError, match="against its direction"):
        compile_points(AdditiveModel(0.0, (term((down,), [-1.0, 1.0, 0.0, 0.0]),)), scale=ScoreScale())


def test_calibration_is_linear_in_the_log_odds():
    model, table = model_of(), rows_of()
    assert np.allclose(model.calibrated(0.2, 1.3).log_odds(table), 0.2 + 1.3 * model.log_odds(table))
    with pytest.raises(ValueError, match="slope"):
        model.calibrated(0.0, -1.0)
