"""Encoded copies: inputs that tell what no model may know, under whatever name (Lei 12.414 art. 3 §3, art. 7-A I).

Enter the inputs of the training rows and the attributes that are read only to be measured (sex, marital status);
leaves nothing, or a refusal. An input is looked at as a scorecard could at most see it: its common categories, or
64 cells of its values. For each value of an attribute, the share of the uncertainty about having it or not that
the cells take away (the uncertainty coefficient: Theil, 1972) is 0 where the input tells nothing, 1 for a copy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import TrainingRefusedError
from contracts.feature_terms import InputType
from models.inputs import InputFeature
from models.training.data import input_column

MAX_TOLD_SHARE = 0.5
"""More than half of the uncertainty gone is a copy: age, the honest input that tells most, takes 0.27 of that about
a marital status in the generated population; a copy of sex with one value in ten wrong takes 0.53."""

QUANTILE_CELLS = 64
"""Cells of a number's values: twice the bins that a model may cut it into."""

MIN_CELL_ROWS = 50
"""Fewer rows of a category, or of a protected value, than this are noise."""

CHECKED_ROWS = 50_000
"""Rows looked at, evenly spaced: a copy among more is a copy among these."""

KEY = "cpf"

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def refuse_copies(rows: pa.Table, inputs: Sequence[InputFeature], protected: pa.Table) -> tuple[str, ...]:
    """Return the attributes that were looked for; TrainingRefusedError names every input that is a copy of one.

    ``rows`` holds ``cpf`` and the inputs; ``protected`` one row a consumer: ``cpf``, then the attributes as text.
    """
    step = max(1, rows.num_rows // CHECKED_ROWS)
    checked = rows.take(pa.array(np.arange(0, rows.num_rows, step)))
    place = pc.index_in(checked[KEY], value_set=protected[KEY])
    attributes = {name: protected[name].take(place) for name in protected.column_names if name != KEY}
    told = [
        f"{feature.name} tells {name} ({share:.0%} of the uncertainty)"
        for feature in inputs
        for name, values in attributes.items()
        if (share := told_share(value_cells(input_column(checked, feature), feature.dtype), values)) > MAX_TOLD_SHARE
    ]
    if told:
        raise TrainingRefusedError(
            f"encoded copies of forbidden inputs: {'; '.join(told)} (Lei 12.414 art. 3 §3 and art. 7-A I); "
            "no model was trained"
        )
    return tuple(attributes)


def told_share(cells: Codes, attribute: pa.ChunkedArray) -> float:
    """Return the greatest share of uncertainty, over an attribute's common values, that an input's cells take away.

    Rows whose attribute is null are left out. 0 where no value is common enough to be judged, or all have the same.

    >>> told_share(np.array([0, 1] * 100), pa.chunked_array([["F", "M"] * 100]))
    1.0
    >>> told_share(np.array([0, 0, 1, 1] * 100), pa.chunked_array([["F", "M", "F", "M"] * 100]))
    0.0
    """
    encoded = pc.dictionary_encode(attribute).combine_chunks()
    known = pc.is_valid(encoded).to_numpy(zero_copy_only=False)
    codes = pc.fill_null(encoded.indices, 0).to_numpy()[known]
    values = len(encoded.dictionary)
    joint = np.bincount(cells[known] * values + codes, minlength=(int(cells.max(initial=0)) + 1) * values)
    table = joint.reshape(-1, values).astype(np.float64)
    totals, rows = table.sum(axis=0), table.sum()
    common = np.flatnonzero((totals >= MIN_CELL_ROWS) & (rows - totals >= MIN_CELL_ROWS))
    return max((_told_about(table[:, value], table.sum(axis=1)) for value in common), default=0.0)


def _told_about(having: Floats, cell_rows: Floats) -> float:
    """Return 1 - H(has the value | cell) / H(has the value), from counts a cell."""
    filled = cell_rows > 0
    within = (_entropy(having[filled] / cell_rows[filled]) * cell_rows[filled]).sum() / cell_rows.sum()
    overall = _entropy(np.array([having.sum() / cell_rows.sum()]))[0]
    return float(1.0 - within / overall)


def _entropy(share: Floats) -> Floats:
    """Return the entropy, in nats, of each share of a yes or no."""
    both = np.stack([share, 1.0 - share])
    result: Floats = -(both * np.log(np.where(both > 0, both, 1.0))).sum(axis=0)
    return result


def value_cells(column: pa.Array, kind: InputType) -> Codes:
    """Return the cell of each value; the rare categories share one, and a missing value has one of its own."""
    if kind is InputType.CATEGORY:
        codes: Codes = 1 + pc.fill_null(pc.dictionary_encode(column).indices, -1).to_numpy().astype(np.int64)
        rare = np.bincount(codes) < MIN_CELL_ROWS
        return np.where(rare[codes] & (codes > 0), len(rare), codes)
    values: Floats = column.to_numpy(zero_copy_only=False)
    known = np.sort(values[~np.isnan(values)])
    edges = np.unique(known)
    if len(edges) > QUANTILE_CELLS:
        edges = np.unique(known[np.arange(1, QUANTILE_CELLS) * len(known) // QUANTILE_CELLS])
    return np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values))
