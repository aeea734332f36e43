"""Figures as inline SVG, so that a report is one file that needs nothing from elsewhere; and their colours."""

from __future__ import annotations

from io import StringIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDE = (9.0, 3.2)
BLUE, GREY, RED, GREEN, ORANGE = "#1f5f99", "#8a8f98", "#b3402a", "#23734f", "#d08a2e"
BAND_COLOURS = {"baixo": RED, "regular": ORANGE, "bom": "#5f9b5a", "muito_bom": GREEN}


def new_figure(
    title: str, x_label: str, y_label: str, *, height: float = WIDE[1], width: float = WIDE[0]
) -> tuple[Figure, Axes]:
    """Return a figure of one plot, titled and labelled; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11, pad=14)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def plain(text: str) -> str:
    r"""Return a text from the data so that a dollar sign in it does not begin a formula.

    >>> plain("R$ 10")
    'R\\$ 10'
    """
    return text.replace("$", r"\$")


def to_svg(figure: Figure) -> str:
    """Return the figure as an SVG element; text stays text, and equal input gives equal bytes."""
    buffer = StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "escore"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
