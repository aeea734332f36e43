"""One feature's finest cells: where terms cut it differently, the common refinement of all their axes.

A batch's values are looked up once a feature; every term's cell is then a small table away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from contracts.feature_terms import InputType
from models.points.cell_codes import axis_codes, category_codes, number_values, text_values
from models.points.number_cells import Codes, NumberCells
from models.points.table import Axis


class FeatureCells:
    """The finest cells of one feature's axes (all of one name and type), and the way from them to each axis's."""

    def __init__(self, axes: Sequence[Axis]) -> None:
        self.feature = axes[0].feature
        self._is_category = axes[0].kind is InputType.CATEGORY
        self._edges = tuple(sorted({edge + 0.0 for axis in axes for edge in axis.edges}))
        self._groups = _refined_groups(axes)
        self._numbers = NumberCells(self._edges)

    @property
    def count(self) -> int:
        """Return the number of finest cells: bins, "other" and "missing"."""
        return (len(self._groups) if self._is_category else len(self._edges) + 1) + 2

    def codes(self, column: pa.Array) -> Codes:
        """Return the finest cell of each value of one column."""
        if self._is_category:
            return category_codes(text_values(column, self.feature), self._groups)
        return self._numbers.codes(number_values(column, self.feature))

    def cells_of(self, axis: Axis) -> Codes:
        """Return, for each finest cell, the cell of one of the axes that it lies in."""
        if self._is_category:
            one_a_bin = pa.array([group[0] for group in self._groups], pa.string())
        else:
            one_a_bin = pa.array([*self._edges, np.inf])
        return np.concatenate([axis_codes(axis, one_a_bin), [axis.other_cell, axis.missing_cell]])


def _refined_groups(axes: Sequence[Axis]) -> tuple[tuple[str, ...], ...]:
    values = sorted({value for axis in axes for group in axis.groups for value in group})
    column = pa.array(values, pa.string())
    places = np.column_stack([axis_codes(axis, column) for axis in axes]).tolist() if values else []
    together: dict[tuple[int, ...], list[str]] = {}
    for value, place in zip(values, places, strict=True):
        together.setdefault(tuple(place), []).append(value)
    return tuple(map(tuple, together.values()))
