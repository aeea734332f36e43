"""A query on any other database that SQLAlchemy speaks to -> an Arrow table, through an ordinary cursor.

The slow way, a Python object a value: for trials on SQLite and the like, not for volume.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa


def fetch_rows(
    connection: sa.Connection, query: sa.Select[tuple[object, ...]], types: Mapping[str, pa.DataType]
) -> pa.Table:
    """Return the query's rows with the columns ``types`` names; decimals travel as text, to stay exact."""
    rows = connection.execute(query).all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(types)
    arrays = [_array(values, kind) for values, kind in zip(columns, types.values(), strict=True)]
    return pa.table(dict(zip(types, arrays, strict=True)))


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if any(isinstance(value, Decimal) for value in values):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, ValueError, OverflowError):  # a value of another type: every one as text
        return pa.array([None if value is None else str(value) for value in values], pa.string())
