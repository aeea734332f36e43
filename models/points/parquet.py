"""A points table as a table of rows, one a term's cell: what a data scientist opens, filters and joins.

The cells that no value can reach ("other" of a number) are left out. The JSON file is what a model is loaded from.
"""

from __future__ import annotations

from itertools import product

import pyarrow as pa

from contracts.feature_terms import InputType
from models.points.cell_labels import cell_labels
from models.points.table import MAX_AXES, Axis, PointsTable

_AXIS_TYPES = {
    "variavel": pa.string(),
    "sentido": pa.string(),
    "celula": pa.string(),
    "acima_de": pa.float64(),
    "ate": pa.float64(),
    "valores": pa.list_(pa.string()),
}

POINTS_SCHEMA = pa.schema(
    [
        pa.field("termo", pa.string(), nullable=False),
        pa.field("posicao", pa.int32(), nullable=False),
        *(pa.field(f"{name}_{place}", kind) for place in range(1, MAX_AXES + 1) for name, kind in _AXIS_TYPES.items()),
        pa.field("pontos", pa.int16(), nullable=False),
    ]
)
"""``posicao`` is the cell's place in ``Term.points``. Of each axis: its feature, direction, the cell in words
(``celula``), and what it holds: a number ``acima_de < x <= ate`` (null: no bound) or a category's ``valores``; the
cells of other and of missing values have neither. Of a term of one feature, all of axis 2 is null."""


def points_to_arrow(points: PointsTable) -> pa.Table:
    """Return ``POINTS_SCHEMA``, terms in their order and cells in theirs."""
    columns: dict[str, list[object]] = {name: [] for name in POINTS_SCHEMA.names}
    for term in points.terms:
        described = [_describe(axis) for axis in term.axes]
        for posicao, (cells, value) in enumerate(zip(product(*described), term.points, strict=True)):
            if None in cells:
                continue
            columns["termo"].append(term.code)
            columns["posicao"].append(posicao)
            columns["pontos"].append(value)
            for place in range(MAX_AXES):
                cell = cells[place] if place < len(cells) else None
                for name in _AXIS_TYPES:
                    columns[f"{name}_{place + 1}"].append(None if cell is None else cell[name])
    arrays = [pa.array(columns[field.name], field.type) for field in POINTS_SCHEMA]
    return pa.table(arrays, schema=POINTS_SCHEMA)


def _describe(axis: Axis) -> list[dict[str, object] | None]:
    """Return each cell of an axis as its columns; None where no value can fall."""
    bounds = (None, *axis.edges, None)
    is_category = axis.kind is InputType.CATEGORY
    cells: list[dict[str, object] | None] = []
    for place, label in enumerate(cell_labels(axis)):
        is_bin = place < axis.bins
        if place == axis.other_cell and not is_category:
            cells.append(None)
            continue
        cells.append(
            {
                "variavel": axis.feature,
                "sentido": axis.direction.value,
                "celula": label,
                "acima_de": bounds[place] if is_bin and not is_category else None,
                "ate": bounds[place + 1] if is_bin and not is_category else None,
                "valores": list(axis.groups[place]) if is_bin and is_category else None,
            }
        )
    return cells
