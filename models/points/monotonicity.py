"""Monotone in the whole: along every declared direction no step of any feature, whatever the others, goes back.

Of a feature with terms ``f`` (alone) and ``g_1..g_k`` (in pairs), the worst case of a step from ``x`` to ``x'`` is
``f(x') - f(x) + sum of min over the partner's cells of g_i(x', .) - g_i(x, .)``: partners differ between pairs, so
each minimum can occur at once, and the condition that this sum is not negative is exact. Steps are taken on the
union of all the feature's edges. A missing value has no place in the order, and no direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from contracts.feature_terms import RiskDirection

if TYPE_CHECKING:
    from models.points.table import Term


def direction_violations(terms: Sequence[Term]) -> list[str]:
    """Return one line a feature whose points can go against its declared direction."""
    directed = {
        axis.feature: axis.direction for term in terms for axis in term.axes if axis.direction is not RiskDirection.FREE
    }
    return [
        f"{feature}: its points go against its direction, {direction.value}"
        for feature, direction in directed.items()
        if (worst_steps(terms, feature) < 0).any()
    ]


def worst_steps(terms: Sequence[Term], feature: str) -> npt.NDArray[np.int64]:
    """Return, for each step between neighbouring cells of ``feature``, the least change towards its safer side.

    Integers, one a distinct edge of the feature in rising order; empty where it is in no term or has no edges.
    """
    along = [(term, place) for term in terms for place, axis in enumerate(term.axes) if axis.feature == feature]
    if not along:
        return np.zeros(0, np.int64)
    direction = along[0][0].axes[along[0][1]].direction
    sign = -1 if direction is RiskDirection.MORE_RISK else 1
    edges = sorted({edge for term, place in along for edge in term.axes[place].edges})
    total = np.zeros(len(edges), np.int64)
    for term, place in along:
        grid = np.moveaxis(term.grid(), place, 0).reshape(term.shape[place], -1)
        axis = term.axes[place]
        steps = (sign * np.diff(grid[: axis.bins], axis=0)).min(axis=1)
        total[np.searchsorted(edges, axis.edges)] += steps
    return total
