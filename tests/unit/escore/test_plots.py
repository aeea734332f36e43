"""Plots of a model's terms and of frames, without a store: what is drawn is what the points say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import escore
from contracts.artifacts import ArtifactStore
from contracts.errors import UsageError
from contracts.settings import Settings
from models.registered_model import RegisteredModel
from tests.model_samples import make_evidence, small_table, write_model


@pytest.fixture
def model(tmp_path: Path) -> RegisteredModel:
    version = write_model(ArtifactStore(tmp_path), small_table(), evidence=make_evidence(small_table())[0])
    return escore.load_model(version, settings=Settings(lake=str(tmp_path)))


def test_a_term_is_drawn_with_its_points(model: RegisteredModel):
    term = next(term for term in model.points.terms if not term.is_pair)
    axes = Figure().subplots()
    assert escore.plot_term(model, term.code, axes) is axes
    heights = [bar.get_height() for bar in axes.patches]
    shown = escore.load_points(model).loc[term.code]
    assert heights == list(shown["points"][shown["rows"].fillna(1) > 0])
    assert axes.get_title(loc="left") == f"{term.code}: {term.features[0]}"
    assert axes.get_ylabel() == "points"


def test_a_pair_is_a_map_of_its_two_features(model: RegisteredModel):
    pair = next(term for term in model.points.terms if term.is_pair)
    axes = escore.plot_term(model, pair.code, Figure().subplots())
    [mesh] = axes.collections
    assert np.array_equal(np.asarray(mesh.get_array()).ravel(), pair.points)
    assert {axes.get_xlabel(), axes.get_ylabel()} == {f"cells of {name}" for name in pair.features}


def test_every_cell_is_a_row_of_the_points(model: RegisteredModel):
    points = escore.load_points(model)
    assert points.index.is_unique
    assert len(points) == sum(len(term.points) for term in model.points.terms)
    assert str(points["points"].dtype) == "int64"


def test_a_term_that_is_not_there_is_named(model: RegisteredModel):
    with pytest.raises(UsageError, match="no such term: XYZ99"):
        escore.plot_term(model, "XYZ99")


def test_reliability_of_a_perfect_forecast_lies_on_the_diagonal():
    rng = np.random.default_rng(3)
    p = pd.Series(rng.uniform(0, 1, 20_000), name="p")
    axes = escore.plot_reliability(pd.Series(rng.uniform(0, 1, 20_000) < p), p, Figure().subplots())
    x, y = axes.lines[1].get_data()
    assert len(x) == 10
    assert np.abs(np.asarray(x) - np.asarray(y)).max() < 0.05


def test_ranking_tells_the_area_under_its_curve():
    bad = pd.Series([True, True, False, False])
    axes = escore.plot_ranking(bad, pd.Series([1, 2, 3, 4]), Figure().subplots())
    assert axes.get_title(loc="left") == "AUC 1.0000, 4 consumers"


@pytest.mark.parametrize(("values", "groups"), [([1.0, 2.0, np.nan], 3), (list(map(float, range(100))), 11)])
def test_a_feature_is_drawn_by_value_or_by_tenths_and_the_missing_last(values, groups):
    frame = pd.DataFrame({"idade_anos": values})
    axes = escore.plot_feature(frame, "idade_anos", axes=Figure().subplots())
    heights = [bar.get_height() for bar in axes.patches]
    assert sum(heights) == len(values)
    assert len(heights) == groups
    assert axes.get_xticklabels()[-1].get_text() == "missing"
