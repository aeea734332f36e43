"""What all plots share: colours that colour-blind readers tell apart, axes with title and units, numbers as written.

The colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/); what a colour says, a place, a label or a
legend says too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, PercentFormatter

from contracts.score_terms import Band

BLUE, SKY, ORANGE, VERMILLION, GREY = "#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#8A919C"
BAND_COLOURS: Mapping[str, str] = dict(zip(Band, (VERMILLION, ORANGE, SKY, BLUE), strict=True))
LEVEL_COLOURS: Mapping[str, str] = {"ok": BLUE, "atencao": ORANGE, "alerta": VERMILLION}
DIVERGING = "RdBu"
"""Map of points: red lowers, blue raises, white is nothing."""

MISSING = "missing"
GROUPS = 10
MOST_NAMED = 16
"""Places of an axis that are named."""

LETTERS_AN_INCH = 14
MOST_LABEL = 24
"""Characters of a tick's label; longer ones are cut."""

COUNTS = FuncFormatter(lambda value, _place: f"{value:,.0f}")
SHARES = PercentFormatter(xmax=1, decimals=0)


def new_axes(axes: Axes | None, width: float = 8, height: float = 3.6) -> Axes:
    """Return the axes given, or those of a figure of their own; sizes in inches."""
    import matplotlib.pyplot as plt  # noqa: PLC0415 - takes a second to import

    return axes or plt.subplots(figsize=(width, height), layout="constrained")[1]


def labelled(axes: Axes, title: str, x_label: str, y_label: str, *, pad: float = 8) -> Axes:
    """Return the axes with title and labels; a dollar sign in them begins no formula."""
    axes.set_title(title.replace("$", r"\$"), loc="left", fontsize=11, pad=pad)
    axes.set_xlabel(x_label.replace("$", r"\$"))
    axes.set_ylabel(y_label.replace("$", r"\$"))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def name_places(axes: Axes, labels: list[str]) -> None:
    """Name the places 0, 1, 2... of the horizontal axis, slanted where they would touch; of many, some and the last."""
    named = sorted({*range(0, len(labels), -(-len(labels) // MOST_NAMED) or 1), len(labels) - 1})
    texts = [labels[place] for place in named]
    texts = [text if len(text) <= MOST_LABEL else f"{text[: MOST_LABEL - 1]}…" for text in texts]
    inches = axes.bbox.width / axes.figure.dpi
    is_long = sum(len(text) + 2 for text in texts) > LETTERS_AN_INCH * inches
    axes.set_xticks(
        named,
        [text.replace("$", r"\$") for text in texts],
        rotation=35 if is_long else 0,
        ha="right" if is_long else "center",
        fontsize=8,
    )


def explain_colours(axes: Axes, colours: Mapping[str, str], *, title: str = "") -> None:
    """Add a legend of what the colours say."""
    patches = [Patch(color=colour, label=label) for label, colour in colours.items()]
    axes.legend(handles=patches, frameon=False, fontsize=8, title=title)


def plain_number(value: float) -> str:
    """Return a number as a person writes it.

    >>> plain_number(1234567.0), plain_number(0.123456), plain_number(12.5), plain_number(-3.0)
    ('1,234,567', '0.123', '12.5', '-3')
    """
    if float(value).is_integer() or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def grouped(values: pd.Series) -> pd.Series:
    """Return which group each value is of, as an ordered category: the values themselves if few, else tenths.

    >>> grouped(pd.Series([1.0, 2.0, None])).cat.categories.to_list()
    ['1', '2', 'missing']
    """
    if values.dtype != "float64":
        return values.astype("str").fillna(MISSING).astype("category")
    known = values.dropna()
    if known.nunique() <= GROUPS:
        edges = np.sort(known.unique())
        groups = pd.Series(np.searchsorted(edges, known), index=known.index)
        labels = [plain_number(edge) for edge in edges]
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, GROUPS + 1)))
        groups = pd.Series(np.clip(np.searchsorted(edges, known), 1, None) - 1, index=known.index)
        labels = [f"to {plain_number(edge)}" for edge in edges[1:]]
    codes = groups.reindex(values.index).fillna(len(labels)).astype("int64")
    return pd.Series(
        pd.Categorical.from_codes(codes.to_numpy(), pd.Index([*_apart(labels), MISSING]), ordered=True),
        index=values.index,
    )


def _apart(labels: list[str]) -> list[str]:
    """Return the labels, those that read alike told apart by how often they came before."""
    seen: dict[str, int] = {}
    told = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        told.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return told
