"""Rows and bads of every cell of every term: what a reader holds beside the points to trust them, or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.errors import DataIntegrityError
from models.points.cell_codes import term_codes
from models.points.table import PointsTable
from models.validation.evaluate import Flags


class CellCounts(NamedTuple):
    """Rows, and bad ones among them, of each cell of a term, in the order of ``Term.points``."""

    rows: npt.NDArray[np.int64]
    bads: npt.NDArray[np.int64]


def count_cells(points: PointsTable, table: pa.Table, is_bad: Flags) -> Mapping[str, CellCounts]:
    """Return the counts of every term by its code; ``table`` holds the features, row by row as ``is_bad``."""
    if table.num_rows != len(is_bad):
        raise DataIntegrityError(f"cells: {len(is_bad)} outcomes for {table.num_rows} rows")
    found = {}
    for term in points.terms:
        codes = term_codes(term, table)
        counts = [np.bincount(chosen, minlength=len(term.points)) for chosen in (codes, codes[is_bad])]
        found[term.code] = CellCounts(*(count.astype(np.int64) for count in counts))
    return found
