"""Plots of a model's terms and of frames, without a store: what is drawn is what the points say."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

import escore
from contracts.artifacts import ArtifactStore
from contracts.errors import UsageError
from contracts.settings import Settings
from escore.drawing import BAND_COLOURS, LEVEL_COLOURS
from escore.term_plots import _SIGNS, _short, plot_waterfall
from models.points.cell_labels import cell_labels
from models.registered_model import RegisteredModel
from tests.model_samples import make_evidence, small_table, write_model

DICHROMACIES = (
    np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]]),
    np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]),
)
"""What red, green and blue, linear, look like without the first or without the second kind of cones."""


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
    assert axes.get_title(loc="left") == f"{term.code}: points of {term.features[0]}"
    assert axes.get_ylabel() == "points"


def test_a_pair_is_a_map_of_its_two_features(model: RegisteredModel):
    pair = next(term for term in model.points.terms if term.is_pair)
    axes = escore.plot_term(model, pair.code, Figure().subplots())
    [mesh] = axes.collections
    assert np.array_equal(np.asarray(mesh.get_array()).ravel(), pair.points)
    rows, columns = (cell_labels(axis) for axis in pair.axes)
    assert [text.get_text() for text in axes.get_yticklabels()] == [_short(label) for label in rows]
    assert [text.get_text() for text in axes.get_xticklabels()] == [_short(label) for label in columns]
    assert [axes.get_ylabel().split(" (")[0], axes.get_xlabel().split(" (")[0]] == list(pair.features)


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
    assert axes.get_title(loc="left") == "AUC 1.0000, 4 consumers, 50.0% of them bad"


@pytest.mark.parametrize(("values", "groups"), [([1.0, 2.0, np.nan], 3), (list(map(float, range(100))), 11)])
def test_a_feature_is_drawn_by_value_or_by_tenths_and_the_missing_last(values, groups):
    frame = pd.DataFrame({"idade_anos": values})
    axes = escore.plot_feature(frame, "idade_anos", axes=Figure().subplots())
    heights = [bar.get_height() for bar in axes.patches]
    assert sum(heights) == len(values)
    assert len(heights) == groups
    assert axes.get_xticklabels()[-1].get_text() == "missing"


def scores_of(values: list[int | None]) -> pd.DataFrame:
    return pd.DataFrame({"score": pd.array(values, "Int16")})


def test_scores_are_drawn_in_their_bands_and_those_without_one_are_counted():
    axes = escore.plot_scores(scores_of([0, 10, 450, 1000, None]), Figure().subplots())
    assert axes.get_title(loc="left") == "Scores of 4 consumers; 1 have none"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("score (0-1000)", "consumers")
    drawn = {int(bar.get_x()): (bar.get_height(), to_hex(bar.get_facecolor())) for bar in axes.patches}
    assert drawn[0] == (2, BAND_COLOURS["baixo"].lower())
    assert drawn[440] == (1, BAND_COLOURS["regular"].lower())
    assert drawn[980] == (1, BAND_COLOURS["muito_bom"].lower())
    assert [text.get_text() for text in axes.texts] == ["baixo", "regular", "bom", "muito_bom"]


def test_a_feature_s_groups_and_the_line_of_means_have_their_units():
    frame = pd.DataFrame({"dividas_abertas_valor": [float(value) for value in range(1_000, 3_000)]})
    bad = pd.Series([False, True] * 1_000, name="is_bad")
    axes = escore.plot_feature(frame, "dividas_abertas_valor", bad, Figure().subplots())
    assert axes.get_xlabel() == r"dividas_abertas_valor (R\$)"
    assert axes.get_title(loc="left") == "dividas_abertas_valor: consumers, and their mean is_bad"
    assert [text.get_text() for text in axes.get_xticklabels()][:2] == ["to 1,200", "to 1,400"]
    [twin] = [other for other in axes.figure.axes if other is not axes]
    assert twin.get_ylabel() == "mean is_bad (line)"
    assert twin.yaxis.get_major_formatter()(0.5) == "50%"


def test_fairness_names_its_groups_and_leaves_out_those_of_too_few():
    rows = {("sexo", "F"): (True, 0.9, 0.8, 1.0), ("sexo", "M"): (True, 1.0, 1.0, 1.0), ("sexo", "X"): (False, 0, 0, 0)}
    names = ["judged", "approval_ratio", "approval_ratio_low", "approval_ratio_high"]
    frame = pd.DataFrame(list(rows.values()), columns=names, index=pd.MultiIndex.from_tuples(rows))
    axes = escore.plot_fairness(frame, Figure().subplots())
    assert [text.get_text() for text in axes.get_yticklabels()] == ["sexo: M", "sexo: F"]
    assert "95% intervals" in axes.get_title(loc="left")
    assert axes.get_xlabel()


def test_drift_shows_the_most_changed_with_what_its_colours_say():
    names = [f"v{place}" for place in range(30)]
    frame = pd.DataFrame({"measure": "estabilidade_da_variavel", "subject": names, "change": np.arange(30) / 100})
    frame["level"] = pd.Categorical(["ok"] * 29 + ["alerta"], ["ok", "atencao", "alerta"], ordered=True)
    axes = escore.plot_drift(frame, Figure().subplots())
    assert axes.get_title(loc="left") == "Change of the features since training"
    assert [text.get_text() for text in axes.get_yticklabels()] == names[10:]
    assert to_hex(axes.patches[-1].get_facecolor()) == LEVEL_COLOURS["alerta"].lower()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ok", "atencao", "alerta"]


def test_a_waterfall_ends_at_its_sum():
    axes = plot_waterfall(pd.Series({"base": 500, "A": -40, "B": 15}), title="475 points", axes=Figure().subplots())
    assert [(bar.get_y(), bar.get_height()) for bar in axes.patches][1:3] == [(500, -40), (460, 15)]
    first, *_, last = axes.patches
    assert (first.get_y() + first.get_height(), last.get_y() + last.get_height()) == (500, 475)
    assert [text.get_text() for text in axes.texts] == ["500", "-40", "+15", "475"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["base", "A", "B", "sum"]


@pytest.mark.parametrize("colours", [BAND_COLOURS, LEVEL_COLOURS, _SIGNS])
def test_colours_are_told_apart_without_red_and_green(colours):
    """The two common dichromacies, simulated (Viénot, Brettel and Mollon 1999): no two colours come near each other."""
    seen = np.array([to_rgb(colour) for colour in colours.values()]) ** 2.2
    for simulate in DICHROMACIES:
        shown = np.clip(seen @ simulate.T, 0, 1) ** (1 / 2.2)
        apart = [np.linalg.norm(one - other) for one, other in combinations(shown, 2)]
        assert min(apart) > 0.2
