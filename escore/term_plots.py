"""Plots of points: a term of the scorecard cell by cell, and one consumer's way from the base to the score."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from contracts.errors import UsageError
from escore.drawing import BLUE, DIVERGING, GREY, VERMILLION, explain_colours, labelled, name_places, new_axes
from escore.scorecards import load_points
from features.catalog import FEATURES_BY_NAME
from models.points.cell_labels import cell_labels
from models.points.table import Axis, Term
from models.registered_model import RegisteredModel

_SIGNS = {"raises the score": BLUE, "lowers the score": VERMILLION}


def plot_term(model: RegisteredModel, code: str, axes: Axes | None = None) -> Axes:
    """Draw a term's points cell by cell, those without rows in the fit left out; a pair as a map of both features.

    Examples
    --------
    >>> model = escore.load_model()
    >>> escore.plot_term(model, model.points.terms[0].code).get_title(loc="left")
    '...: points of ...'
    """
    term = next((term for term in model.points.terms if term.code == code), None)
    if term is None:
        known = ", ".join(one.code for one in model.points.terms[:5])
        raise UsageError(f"no such term: {code}; the model has {known}, ...")
    cells = load_points(model).loc[[code]].droplevel("code")
    return _draw_pair(term, cells, axes) if term.is_pair else _draw_single(term, cells, axes)


def plot_waterfall(steps: pd.Series, *, title: str, axes: Axes | None = None) -> Axes:
    """Draw numbers that add up: the first, each further one from where the one before it ended, and their sum.

    >>> from matplotlib.figure import Figure
    >>> axes = plot_waterfall(pd.Series({"base": 500, "DIV01": -40}), title="460 points", axes=Figure().subplots())
    >>> [text.get_text() for text in axes.texts]
    ['500', '-40', '460']
    """
    axes = new_axes(axes, 9, 4)
    levels = steps.cumsum()
    starts = levels.shift(fill_value=0)
    span = max(1, int(levels.max() - levels.min()))
    floor = levels.min() - span // 4
    floor = max(0, floor) if levels.min() >= 0 else floor
    colours = [GREY, *np.where(steps.iloc[1:] < 0, VERMILLION, BLUE), GREY]
    bottoms = [floor, *starts.iloc[1:], floor]
    heights = [steps.iloc[0] - floor, *steps.iloc[1:], levels.iloc[-1] - floor]
    axes.bar(np.arange(len(heights)), heights, bottom=bottoms, color=colours)
    texts = [str(steps.iloc[0]), *(f"{step:+d}" for step in steps.iloc[1:]), str(levels.iloc[-1])]
    for place, (text, bottom, height) in enumerate(zip(texts, bottoms, heights, strict=True)):
        top = max(bottom, bottom + height)
        axes.annotate(text, (place, top), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=8)
    axes.set_ylim(floor, levels.max() + span // 5 + 1)
    name_places(axes, [*map(str, steps.index), "sum"])
    explain_colours(axes, _SIGNS)
    return labelled(axes, title, "term", "points (the axis begins above 0)" if floor > 0 else "points")


def _draw_single(term: Term, cells: pd.DataFrame, axes: Axes | None) -> Axes:
    axes = new_axes(axes)
    shown = cells[cells["rows"].fillna(1) > 0]
    axes.bar(np.arange(len(shown)), shown["points"], color=np.where(shown["points"] < 0, VERMILLION, BLUE))
    name_places(axes, [_short(label) for label in shown["holds"]])
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    explain_colours(axes, _SIGNS)
    return labelled(axes, f"{term.code}: points of {term.features[0]}", _named(term.features[0]), "points")


def _draw_pair(term: Term, cells: pd.DataFrame, axes: Axes | None) -> Axes:
    axes = new_axes(axes, 8, 5)
    grid = cells["points"].to_numpy().reshape(term.shape)
    limit = max(1, int(np.abs(grid).max()))
    drawn = axes.pcolormesh(grid, cmap=DIVERGING, vmin=-limit, vmax=limit, edgecolors="white", linewidth=0.5)
    bar = axes.figure.colorbar(drawn, ax=axes, label="points")
    bar.locator = MaxNLocator(integer=True)
    bar.update_ticks()
    rows, columns = term.axes
    axes.set_yticks(np.arange(term.shape[0]) + 0.5, _cell_names(rows), fontsize=7)
    axes.set_xticks(np.arange(term.shape[1]) + 0.5, _cell_names(columns), fontsize=7, rotation=35, ha="right")
    title = f"{term.code}: points of {' with '.join(term.features)}"
    return labelled(axes, title, _named(columns.feature), _named(rows.feature))


def _cell_names(axis: Axis) -> list[str]:
    return [_short(label).replace("$", r"\$") for label in cell_labels(axis)]


def _short(label: str) -> str:
    """Return a cell's label by its upper end alone, where it has both.

    >>> _short("acima de 1 até 2.500,5"), _short("acima de 2.500,5"), _short("SP, RJ")
    ('até 2.500,5', 'acima de 2.500,5', 'SP, RJ')
    """
    return re.sub(r"^acima de \S+ (até \S+)$", r"\1", label)


def _named(feature: str) -> str:
    """Return a feature's name with its unit, where the catalog has it."""
    known = FEATURES_BY_NAME.get(feature)
    return f"{feature} ({known.unit})" if known else feature
