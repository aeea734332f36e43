"""From a feature's values to an axis's cells, and from two axes to a pair's: one array of codes a column.

Codes are in the order of ``Axis``: the bins, then "other", then "missing" (null or NaN); those of a term index
``Term.points``, the first axis varying slowest.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import DataIntegrityError
from contracts.feature_terms import InputType
from models.points.number_cells import Codes, number_cells
from models.points.table import Axis, Term

Column: TypeAlias = pa.Array | pa.ChunkedArray


def axis_codes(axis: Axis, column: Column) -> Codes:
    """Return the cell of each value of one column; DataIntegrityError if its type cannot be the feature's."""
    if axis.kind is InputType.CATEGORY:
        return category_codes(text_values(column, axis.feature), axis.groups)
    return number_cells(axis.edges).codes(number_values(column, axis.feature))


def term_codes(term: Term, table: pa.Table | pa.RecordBatch) -> Codes:
    """Return, for each row, the place of its cell in ``Term.points``."""
    codes = axis_codes(term.axes[0], table[term.axes[0].feature])
    for axis in term.axes[1:]:
        codes = codes.astype(np.int32) * axis.cells + axis_codes(axis, table[axis.feature])
    return codes


def number_values(column: Column, name: str) -> npt.NDArray[np.float64]:
    """Return a numeric column (or one of booleans) as float64, NaN where missing."""
    kind = column.type
    is_number = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    if not (is_number or pa.types.is_null(kind)):
        raise DataIntegrityError(f"feature {name}: {kind} where a number was expected")
    whole = _whole(column)
    if not pa.types.is_float64(kind):
        whole = whole.cast(pa.float64(), safe=False)
    values: npt.NDArray[np.float64] = whole.to_numpy(zero_copy_only=False)
    return values


def text_values(column: Column, name: str) -> pa.Array:
    """Return a categorical column as a string array."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if not (is_text or pa.types.is_null(kind)):
        raise DataIntegrityError(f"feature {name}: {column.type} where a text was expected")
    return _whole(column).cast(pa.string())


def category_codes(values: pa.Array, groups: tuple[tuple[str, ...], ...]) -> Codes:
    """Return each text's bin: its group's, then "other" (``len(groups)``), then missing (``len(groups) + 1``)."""
    flat = pa.array([value for group in groups for value in group], pa.string())
    group_of = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    table = np.concatenate([group_of, [len(groups)]]).astype(np.min_scalar_type(len(groups) + 1))
    place = pc.fill_null(pc.index_in(values, value_set=flat), len(flat)).to_numpy(zero_copy_only=False)
    codes: Codes = table[place]
    if values.null_count:
        codes[pc.is_null(values).to_numpy(zero_copy_only=False)] = len(groups) + 1
    return codes


def _whole(column: Column) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
