"""Term shapes: what every value of a feature is worth, and how many rows say so, drawn as small inline SVGs.

A term of one feature is a row of bars, one a cell, over the counts of its rows; a pair is a heat map. Each cell
says itself in words where the pointer rests on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from contracts.feature_terms import InputType
from flows.svg_figures import GREEN, GREY, RED
from models.points.cell_labels import OTHERS, cell_labels, edge_texts
from models.points.table import Axis, PointsTable, Term
from models.validation.evidence import TermCounts
from models.validation.number_texts import percent, signed, whole

WIDTH, HEIGHT = 330, 150
COUNT_HEIGHT, LABEL_HEIGHT = 30, 14
SPECIAL_GAP = 16
"""Pixels between the bins of known values and the cells of other and missing ones."""

SHORT_MISSING = "aus."
ROW_LABEL_WIDTH, CELL_HEIGHT = 52, 26
MAX_ALPHA, EMPTY_ALPHA = 0.85, 0.15
"""Opacity of the strongest points of a pair, and of those of a cell without rows."""


@dataclass(frozen=True, slots=True)
class CellLine:
    """One cell of a term of one feature, in words and counts."""

    name: str
    points: int
    rows: int
    bads: int


@dataclass(frozen=True, slots=True)
class TermShape:
    """One term as it is shown: its weight (the mean absolute points over the rows of the fit), drawing and cells."""

    term: Term
    weight: float
    svg: str
    cells: tuple[CellLine, ...]


def draw_terms(points: PointsTable, counts: Sequence[TermCounts]) -> tuple[TermShape, ...]:
    """Return every term's shape, the weightiest first; all bars share one scale, so that terms compare."""
    by_code = {one.code: one for one in counts}
    single = [term for term in points.terms if not term.is_pair]
    top = max((abs(p) for term in single for p in term.points), default=1) or 1
    shapes = [_shape(term, by_code[term.code], top) for term in points.terms]
    return tuple(sorted(shapes, key=lambda shape: (-shape.weight, shape.term.code)))


def _shape(term: Term, counts: TermCounts, top: int) -> TermShape:
    rows = np.array(counts.rows, np.float64)
    weight = float((np.abs(np.array(term.points)) * rows).sum() / max(1.0, rows.sum()))
    if term.is_pair:
        return TermShape(term, weight, _heat_map(term, counts), ())
    cells = map(CellLine, cell_labels(term.axes[0]), term.points, counts.rows, counts.bads)
    return TermShape(term, weight, _bars(term, counts, top), tuple(cells))


def _bars(term: Term, counts: TermCounts, top: int) -> str:
    axis, names = term.axes[0], cell_labels(term.axes[0])
    shown = [i for i in range(axis.cells) if i != axis.other_cell or counts.rows[i] or term.points[i]]
    step = (WIDTH - SPECIAL_GAP) / len(shown)
    middle = (HEIGHT - COUNT_HEIGHT - LABEL_HEIGHT) / 2
    most = max(counts.rows, default=0) or 1
    parts = [f'<line x1="0" x2="{WIDTH}" y1="{middle:g}" y2="{middle:g}" stroke="#c9cdd3"/>']
    for place, cell in enumerate(shown):
        left = place * step + (SPECIAL_GAP if cell >= axis.bins else 0)
        points = term.points[cell]
        height = abs(points) / top * (middle - 2)
        bar_top = middle - height if points > 0 else middle
        base = HEIGHT - LABEL_HEIGHT
        tall = counts.rows[cell] / most * (COUNT_HEIGHT - 4)
        parts.append(
            f"<g><title>{escape(_cell_text(names[cell], points, counts.rows[cell], counts.bads[cell]))}</title>"
            f'<rect x="{left:.1f}" y="0" width="{step:.1f}" height="{base}" fill="transparent"/>'
            f'<rect x="{left:.1f}" y="{bar_top:.1f}" width="{max(0.5, step - 1):.1f}" height="{height:.1f}" '
            f'fill="{GREEN if points > 0 else RED}"/>'
            f'<rect x="{left:.1f}" y="{base - tall:.1f}" width="{max(0.5, step - 1):.1f}" height="{tall:.1f}" '
            f'fill="{GREY}" opacity="0.55"/></g>'
        )
    parts += _labels(axis, shown, step)
    return _svg(parts, HEIGHT, f"{term.code}: pontos por valor de {term.features[0]}")


def _labels(axis: Axis, shown: Sequence[int], step: float) -> list[str]:
    known = axis.bins * step
    special = [(OTHERS if cell == axis.other_cell else SHORT_MISSING) for cell in shown if cell >= axis.bins]
    if axis.kind is InputType.CATEGORY:
        texts = [(step * (i + 0.5), "middle", group[0] + ("…" if len(group) > 1 else "")) for i, group in
                 enumerate(axis.groups) if axis.bins * 30 <= WIDTH]  # fmt: skip
    elif axis.edges:
        texts = [(0.0, "start", f"≤ {edge_texts(axis.edges)[0]}"), (known, "end", f"> {edge_texts(axis.edges)[-1]}")]
    else:
        texts = []
    texts += [
        (known + SPECIAL_GAP + step * (i + 0.5), "end" if i == len(special) - 1 else "middle", text)
        for i, text in enumerate(special)
        if text == SHORT_MISSING or step > 30
    ]
    return [
        f'<text x="{min(x, WIDTH) if side != "end" or x < known + 1 else WIDTH:.1f}" y="{HEIGHT - 3}" font-size="9" '
        f'fill="#5b616b" text-anchor="{side}">{escape(text)}</text>'
        for x, side, text in texts
    ]


def _heat_map(term: Term, counts: TermCounts) -> str:
    first, second = term.axes
    rows, columns = (_used(counts, term, along) for along in (0, 1))
    wide = (WIDTH - ROW_LABEL_WIDTH) / max(1, len(columns))
    down, across = _short_names(first), _short_names(second)
    names = cell_labels(first), cell_labels(second)
    parts = [_small(ROW_LABEL_WIDTH + (x + 0.5) * wide, 10, across[j], "middle") for x, j in enumerate(columns)]
    for y, i in enumerate(rows):
        top = LABEL_HEIGHT + y * CELL_HEIGHT
        parts.append(_small(ROW_LABEL_WIDTH - 4, top + 16, down[i], "end"))
        parts += [
            _heat_cell(
                term,
                counts,
                i * second.cells + j,
                name=f"{first.feature} {names[0][i]}; {second.feature} {names[1][j]}",
                box=(ROW_LABEL_WIDTH + x * wide, top, wide),
            )
            for x, j in enumerate(columns)
        ]
    title = f"{term.code}: pontos por {first.feature} e {second.feature}"
    return _svg(parts, LABEL_HEIGHT + len(rows) * CELL_HEIGHT, title)


def _heat_cell(term: Term, counts: TermCounts, place: int, *, name: str, box: tuple[float, int, float]) -> str:
    """Return one cell of a pair, by its place in the points; ``box`` is its left, top and width."""
    left, top, wide = box
    points, rows = term.points[place], counts.rows[place]
    strongest = max(1, *(abs(p) for p in term.points))
    alpha = abs(points) / strongest * MAX_ALPHA * (1.0 if rows else EMPTY_ALPHA)
    middle = left + wide / 2
    return (
        f"<g><title>{escape(_cell_text(name, points, rows, counts.bads[place]))}</title>"
        f'<rect x="{left:.1f}" y="{top}" width="{wide - 1:.1f}" height="{CELL_HEIGHT - 1}" '
        f'fill="{GREEN if points > 0 else RED}" fill-opacity="{alpha:.2f}" stroke="#e6e8ec" stroke-width="0.5"/>'
        f'<text x="{middle:.1f}" y="{top + 12}" font-size="9" text-anchor="middle" '
        f'fill="{"#1d2129" if rows else GREY}">{signed(points)}</text>'
        f'<text x="{middle:.1f}" y="{top + 21}" font-size="7" text-anchor="middle" fill="#5b616b">'
        f"{_compact(rows)}</text></g>"
    )


def _small(x: float, y: float, text: str, side: str) -> str:
    return f'<text x="{x:.1f}" y="{y:g}" font-size="8" fill="#5b616b" text-anchor="{side}">{escape(text)}</text>'


def _short_names(axis: Axis) -> list[str]:
    """Return what each cell of an axis holds, as short as fits beside a heat map."""
    if axis.kind is InputType.CATEGORY:
        named = [group[0][:6] + ("…" if len(group) > 1 or len(group[0]) > 6 else "") for group in axis.groups]
    elif not axis.edges:
        named = ["todos"]
    else:
        named = [*(f"≤ {_compact(edge)}" for edge in axis.edges), f"> {_compact(axis.edges[-1])}"]
    return [*named, OTHERS, SHORT_MISSING]


def _compact(value: float) -> str:
    """Return a number in few characters.

    >>> [_compact(value) for value in (0, 950, 1234, 45_600_000, 0.5)]
    ['0', '950', '1,2 mil', '46 mi', '0,5']
    """
    for size, name in ((1e6, " mi"), (1e3, " mil")):
        if abs(value) >= size:
            return (
                f"{value / size:.2g}{name}".replace(".", ",") if abs(value) < 10 * size else f"{value / size:.0f}{name}"
            )
    return f"{value:.3g}".replace(".", ",")


def _used(counts: TermCounts, term: Term, along: int) -> list[int]:
    """Return the cells of one axis of a pair that hold rows or points."""
    rows = np.array(counts.rows).reshape(term.shape)
    held: list[int] = np.flatnonzero(((rows > 0) | (term.grid() != 0)).any(axis=1 - along)).tolist()
    return held


def _cell_text(name: str, points: int, rows: int, bads: int) -> str:
    rate = f", {percent(bads / rows)} inadimplentes" if rows else ""
    return f"{name}: {signed(points)} pontos; {whole(rows)} linhas{rate}"


def _svg(parts: Sequence[str], height: int, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
