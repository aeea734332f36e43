"""A points table as one page that prints: every term's cells with their points as bars, pairs as small heat tables.

One HTML file with nothing outside it, in Portuguese, made from the table alone. Neighbouring cells of equal points
are shown as one. With the number of rows of every cell, the page also shows each one's share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from contracts.feature_terms import InputType, RiskDirection
from contracts.score_scale import BAND_UPPER_SCORES, SCORE_MAX, SCORE_MIN
from models.points.cell_labels import MISSING, OTHERS, bins_label
from models.points.table import Axis, PointsTable, Term

TEMPLATE = "pontos.html.j2"
SCORE_STEP = 100
"""Distance of the scores whose probabilities are listed."""

DIRECTION_TEXTS = {
    RiskDirection.MORE_RISK: "quanto maior, mais risco",
    RiskDirection.LESS_RISK: "quanto maior, menos risco",
    RiskDirection.FREE: "",
}
BAND_TITLES = {"baixo": "Baixo", "regular": "Regular", "bom": "Bom", "muito_bom": "Muito bom"}

Counts = Mapping[str, Sequence[int] | npt.NDArray[np.integer[Any]]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a term, or one side of a pair: some cells of an axis taken as one."""

    label: str
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a term: its points, their bar's start and width in percent of the half line, its share of rows."""

    label: str
    points: int
    width: float
    share: float | None


@dataclass(frozen=True, slots=True)
class Heat:
    """One cell of a pair: its points, and how strong its colour is, from 0 to 1."""

    points: int
    strength: float


def render_points_page(points: PointsTable, rows_by_term: Counts | None = None) -> str:
    """Return the page as HTML; ``rows_by_term`` gives, by a term's code, the rows of each of its cells."""
    counts = rows_by_term or {}
    strongest = max([1, *(abs(p) for term in points.terms if not term.is_pair for p in term.points)])
    ordered = sorted(points.terms, key=lambda term: (min(term.points) - max(term.points), term.code))
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["breakable"] = _breakable
    return environment.get_template(TEMPLATE).render(
        points=points,
        texts=DIRECTION_TEXTS,
        terms=[(term, term_bars(term, strongest, counts.get(term.code))) for term in ordered if not term.is_pair],
        pairs=[(term, *pair_table(term)) for term in ordered if term.is_pair],
        bands=_bands(points),
        probabilities=_probabilities(points),
        limits=(SCORE_MIN, SCORE_MAX),
        has_counts=bool(counts),
        signed=_signed,
        percent=_percent,
        decimal=_decimal,
    )


def term_bars(term: Term, strongest: int, rows: Sequence[int] | npt.NDArray[np.integer[Any]] | None) -> list[Bar]:
    """Return the lines of a term of one feature; ``strongest`` is the points whose bar is full."""
    grid = term.grid()
    counted = None if rows is None else np.asarray(rows).ravel()
    total = 0 if counted is None else int(counted.sum())
    bars = []
    for line in _lines(term.axes[0], grid.reshape(-1, 1)):
        held = int(grid[line.cells[0]])
        share = None if counted is None or not total else float(counted[list(line.cells)].sum()) / total
        bars.append(Bar(line.label, held, 100 * abs(held) / strongest, share))
    return bars


def pair_table(term: Term) -> tuple[list[Line], list[tuple[str, list[Heat]]]]:
    """Return a pair's columns, and its rows of coloured cells; rows and columns of equal points are one."""
    grid, (down, across) = term.grid(), term.axes
    strongest = max(1, int(np.abs(grid).max()))
    columns = _lines(across, grid.T)
    rows = []
    for line in _lines(down, grid):
        held = [int(grid[line.cells[0], column.cells[0]]) for column in columns]
        rows.append((line.label, [Heat(p, abs(p) / strongest) for p in held]))
    return columns, rows


def _lines(axis: Axis, grid: npt.NDArray[np.int64]) -> list[Line]:
    """Return the cells that values can reach, neighbouring bins with equal rows of ``grid`` taken together."""
    is_category, lines = axis.kind is InputType.CATEGORY, []
    for _, same in groupby(range(axis.bins), key=lambda place: tuple(grid[place].tolist())):
        places = tuple(same)
        label = bins_label(axis, (places[0], places[-1]))
        lines.append(Line(label if is_category else label.replace("acima de", ">"), places))
    if is_category:
        lines.append(Line(OTHERS, (axis.other_cell,)))
    return [*lines, Line(MISSING, (axis.missing_cell,))]


def _bands(points: PointsTable) -> list[tuple[str, str, int, int, tuple[float, float]]]:
    bands, lowest = [], SCORE_MIN
    for band, upper in BAND_UPPER_SCORES:
        safest, riskiest = points.scale.probability(np.array([upper, lowest])).tolist()
        bands.append((band.value, BAND_TITLES[band.value], lowest, upper, (safest, riskiest)))
        lowest = upper + 1
    return bands


def _probabilities(points: PointsTable) -> list[tuple[int, float]]:
    scores = np.arange(SCORE_MIN, SCORE_MAX + 1, SCORE_STEP)
    return list(zip(scores.tolist(), points.scale.probability(scores).tolist(), strict=True))


def _breakable(name: str) -> Markup:
    """Return a name that may go on in the next line after each underscore."""
    return Markup("_<wbr>").join(name.split("_"))


def _signed(points: int) -> str:
    return f"{points:+d}".replace("-", "−") if points else "0"  # noqa: RUF001


def _percent(share: float) -> str:
    """Return a share as a percentage with three digits that say something.

    >>> [_percent(share) for share in (0.5, 0.0403, 0.000123, 0.99999)]
    ['50,0%', '4,03%', '0,0123%', '100%']
    """
    return f"{100 * share:#.3g}".rstrip(".").replace(".", ",") + "%"


def _decimal(value: float) -> str:
    return f"{value:g}".replace(".", ",")
