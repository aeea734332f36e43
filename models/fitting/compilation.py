"""From log-odds to integer points: the one place where a fitted model becomes a table.

A cell's points are ``-factor * log_odds``, rounded (``scaling``): relative to the average training row, so that each
is a reason by itself. Base points carry the rest, so that the mean score is kept. Rounding keeps a direction that a
term has. Neighbouring bins of the same points become one, so that the table holds no line without a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from contracts.feature_terms import InputType
from models.fitting.additive import AdditiveModel, AdditiveTerm
from models.points.scaling import ScoreScale
from models.points.table import MAX_POINTS, Axis, PointsTable, Term

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TermLabel:
    """A term's reason code and the two texts of its reason."""

    code: str
    text_raises: str = ""
    text_lowers: str = ""


def compile_points(
    model: AdditiveModel,
    *,
    scale: ScoreScale,
    name: str = "scorecard",
    horizon_months: int = 12,
    labels: Mapping[str, TermLabel] | None = None,
) -> PointsTable:
    """Return the points table of a fitted model; terms without a point to give are left out.

    ``labels`` are by ``AdditiveTerm.name``; a term without one has its name as code. DataIntegrityError if the
    model goes against a direction that its axes declare.
    """
    grids = [_points(term, scale) for term in model.terms]
    used = [(term, grid) for term, grid in zip(model.terms, grids, strict=True) if grid.any()]
    codes = _codes([term.name for term, _ in used], labels or {})
    terms = [_term(term, grid, code, labels or {}) for (term, grid), code in zip(used, codes, strict=True)]
    base = scale.points_of(-model.intercept)
    for term, grid in zip(model.terms, grids, strict=True):
        if term.rows.sum() > 0:
            rounded = grid + scale.factor * term.log_odds
            base -= float((rounded * term.rows).sum() / term.rows.sum())
    return PointsTable(name, horizon_months, scale, round(base), tuple(_merged(term) for term in terms))


def _points(term: AdditiveTerm, scale: ScoreScale) -> Integers:
    return np.clip(np.rint(-scale.factor * term.log_odds), -MAX_POINTS, MAX_POINTS).astype(np.int64)


def _codes(names: list[str], labels: Mapping[str, TermLabel]) -> list[str]:
    """Return each term's code; a pair ``a*b`` beside a column of that very name gets an apostrophe."""
    codes: list[str] = []
    for name in names:
        code = labels[name].code if name in labels else name
        while code in codes and name not in labels:
            code += "'"
        codes.append(code)
    return codes


def _term(term: AdditiveTerm, grid: Integers, code: str, labels: Mapping[str, TermLabel]) -> Term:
    label = labels.get(term.name) or TermLabel(code)
    return Term(code, term.axes, tuple(grid.ravel().tolist()), label.text_raises, label.text_lowers)


def _merged(term: Term) -> Term:
    """Return the term with neighbouring bins, or groups of categories, of the same points made one."""
    grid, axes = term.grid(), list(term.axes)
    for place, axis in enumerate(axes):
        lines = np.moveaxis(grid, place, 0)
        if axis.kind is InputType.CATEGORY:
            axes[place], chosen = _merged_groups(axis, lines)
        else:
            axes[place], chosen = _merged_bins(axis, lines)
        grid = np.moveaxis(lines[chosen], 0, place)
    return replace(term, axes=tuple(axes), points=tuple(grid.ravel().tolist()))


def _merged_bins(axis: Axis, lines: Integers) -> tuple[Axis, Integers]:
    flat = lines.reshape(len(lines), -1)
    differs = (flat[1 : axis.bins] != flat[: axis.bins - 1]).any(axis=1)
    edges = tuple(edge for edge, keep in zip(axis.edges, differs, strict=True) if keep)
    chosen = np.concatenate([np.flatnonzero(differs), [axis.bins - 1, axis.other_cell, axis.missing_cell]])
    return replace(axis, edges=edges), chosen


def _merged_groups(axis: Axis, lines: Integers) -> tuple[Axis, Integers]:
    """Return groups of the same points made one, lowest points first, values in order within each."""
    members: dict[tuple[int, ...], list[int]] = {}
    for group in range(axis.bins):
        members.setdefault(tuple(lines[group].ravel().tolist()), []).append(group)
    ordered = [members[points] for points in sorted(members)]
    groups = tuple(tuple(sorted(value for i in group for value in axis.groups[i])) for group in ordered)
    chosen = [*(group[0] for group in ordered), axis.other_cell, axis.missing_cell]
    return replace(axis, groups=groups), np.array(chosen, np.int64)
