"""Points tables made at random, valid by construction, and rows that try every corner of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from contracts.feature_terms import InputType, RiskDirection
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from tests.score_samples import make_cpfs

VALUES = ("SP", "RJ", "São Luís", "d'água", 'aspas "duplas"', "barra \\ invertida", "😀", "", " SP", "sp")
UNKNOWN_VALUES = ("nunca visto", "SP ", "Sao Luis", "'; drop table x; --")
EXTREMES = (0.0, -0.0, 5e-324, -5e-324, 1.7e308, -1.7e308, np.inf, -np.inf, np.nan)
DIRECTIONS = (RiskDirection.MORE_RISK, RiskDirection.LESS_RISK, RiskDirection.FREE)


def make_points(
    seed: int, *, numbers: int = 9, categories: int = 2, pairs: int = 6, bins: int = 8, span: int = 40
) -> PointsTable:
    """Return a table whose pairs each go against declared directions, and which as a whole goes with them.

    Every feature has a term of its own. A directed one's takes the edges of all its pairs, and steps large enough
    to outweigh their worst fall there.
    """
    rng = np.random.default_rng(seed)
    axes = [_number_axis(f"x{i}", DIRECTIONS[i % 3], bins, rng) for i in range(numbers)]
    axes += [_category_axis(f"c{i}", rng) for i in range(categories)]
    terms = [_pair(left, right, span, rng) for left, right in _partners(axes, pairs, rng)]
    terms += [_main(axis, terms, span, rng) for axis in axes]
    order = rng.permutation(len(terms))
    return PointsTable("amostra", 12, ScoreScale(), 600, tuple(terms[i] for i in order))


def make_rows(points: PointsTable, rows: int, seed: int) -> pa.Table:
    """Return a feature table with values on edges and beside them, missing, infinite, extreme and unknown ones."""
    rng = np.random.default_rng(seed)
    cpfs = make_cpfs(rows)
    columns: dict[str, pa.Array] = {
        "cpf": pa.array(cpfs),
        "cliente_id": pa.array([f"c{cpf}" for cpf in cpfs]),
        "sem_dados": pa.array(rng.random(rows) < 0.02),
    }
    for feature in points.features:
        axes = [axis for term in points.terms for axis in term.axes if axis.feature == feature]
        columns[feature] = _values(axes, rows, rng)
    return pa.table(columns)


def known_value_pairs(axis: Axis, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return known values of a numeric feature in pairs, the first never above the second."""
    both = np.sort(rng.choice(_candidates([axis], known=True), (2, rows)), axis=0)
    return both[0], both[1]


def _number_axis(name: str, direction: RiskDirection, bins: int, rng: np.random.Generator) -> Axis:
    scale = 10.0 ** rng.integers(-3, 7)
    cuts = np.unique((rng.normal(size=int(rng.integers(0, bins))) * scale).round(int(rng.integers(0, 4))) + 0.0)
    return Axis(name, InputType.NUMBER, direction, edges=tuple(cuts.tolist()))


def _category_axis(name: str, rng: np.random.Generator) -> Axis:
    chosen = rng.permutation(VALUES)[: int(rng.integers(1, len(VALUES) + 1))].tolist()
    cuts = sorted(set(rng.integers(1, len(chosen) + 1, 3).tolist()) - {len(chosen)})
    groups = [chosen[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(chosen)], strict=True)]
    return Axis(name, InputType.CATEGORY, groups=tuple(map(tuple, groups)))


def _partners(axes: Sequence[Axis], pairs: int, rng: np.random.Generator) -> list[tuple[Axis, Axis]]:
    every = [(left, right) for place, left in enumerate(axes) for right in axes[:place]]
    return [every[i] for i in rng.permutation(len(every))[:pairs]]


def _recut(axis: Axis, rng: np.random.Generator) -> Axis:
    """Return the feature cut anew, as a pair may cut it."""
    if axis.kind is InputType.CATEGORY:
        return _category_axis(axis.feature, rng)
    return _number_axis(axis.feature, axis.direction, 4, rng)


def _pair(left: Axis, right: Axis, span: int, rng: np.random.Generator) -> Term:
    axes = (_recut(left, rng), _recut(right, rng))
    cells = axes[0].cells * axes[1].cells
    points = rng.integers(-span // 3, span // 3 + 1, cells).tolist()
    return Term(f"{left.feature}*{right.feature}", axes, tuple(points), "aumenta", "reduz")


def _main(axis: Axis, pairs: Sequence[Term], span: int, rng: np.random.Generator) -> Term:
    special = rng.integers(-span, span, 2).tolist()
    if axis.direction is RiskDirection.FREE:
        points = rng.integers(-span, span, axis.bins).tolist()
        return Term(axis.feature.upper(), (axis,), (*points, *special), "aumenta", "reduz")
    safer = 1 if axis.direction is RiskDirection.LESS_RISK else -1
    needed = dict.fromkeys(axis.edges, 0)
    for term in pairs:
        for place, other in enumerate(term.axes):
            if other.feature == axis.feature:
                grid = np.moveaxis(term.grid(), place, 0)[: other.bins].reshape(other.bins, -1)
                for edge, step in zip(other.edges, (safer * np.diff(grid, axis=0)).min(axis=1).tolist(), strict=True):
                    needed[edge] = needed.get(edge, 0) + max(0, -step)
    edges = sorted(needed)
    steps = [needed[edge] + int(rng.integers(0, 2)) * int(rng.integers(0, span)) for edge in edges]
    climb = np.concatenate([[0], np.cumsum(steps)]).astype(int)
    points = (safer * (climb - climb[len(climb) // 2])).tolist()
    whole = Axis(axis.feature, axis.kind, axis.direction, edges=tuple(edges))
    return Term(axis.feature.upper(), (whole,), (*points, *special), "aumenta", "reduz")


def _candidates(axes: Sequence[Axis], *, known: bool) -> np.ndarray:
    edges = np.array([edge for axis in axes for edge in axis.edges])
    near = [edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf), edges * 1.1 + 1e-3, EXTREMES]
    values = np.concatenate(near)
    return values[~np.isnan(values)] if known else values


def _values(axes: Sequence[Axis], rows: int, rng: np.random.Generator) -> pa.Array:
    missing = rng.random(rows) < 0.08
    if axes[0].kind is InputType.CATEGORY:
        return pa.array(rng.choice([*VALUES, *UNKNOWN_VALUES], rows), pa.string(), mask=missing)
    spread = rng.normal(size=rows) * max([1.0, *(abs(edge) for axis in axes for edge in axis.edges)])
    values = np.where(rng.random(rows) < 0.5, spread, rng.choice(_candidates(axes, known=False), rows))
    return pa.array(values, mask=missing)
