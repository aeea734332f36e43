"""A query on Oracle -> an Arrow table, through python-oracledb's data frames (no Python object a value).

``fetch_df_batches`` gives objects with the Arrow PyCapsule interface: NUMBER(p, s) as decimals
(``fetch_decimals``), DATE and TIMESTAMP as timestamps, character types as strings. Column names come back
in Oracle's capitals, so columns are named by position.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.oracle.oracledb import OracleDialect_oracledb

BATCH_ROWS = 50_000


class FrameConnection(Protocol):
    """What is used of ``oracledb.Connection``."""

    def fetch_df_batches(
        self, statement: str, parameters: dict[str, Any], size: int, *, fetch_decimals: bool
    ) -> Iterable[Any]:
        """Yield data frames of at most ``size`` rows; an empty one if there are no rows."""


def fetch_frames(connection: FrameConnection, query: sa.Select[tuple[object, ...]]) -> pa.Table:
    """Return the query's rows under the query's own column names, in the types that the driver gives."""
    compiled = query.compile(dialect=OracleDialect_oracledb())  # type: ignore[no-untyped-call]
    frames = connection.fetch_df_batches(str(compiled), dict(compiled.params), BATCH_ROWS, fetch_decimals=True)
    names = [column.name for column in query.selected_columns]
    tables = [pa.table(frame).rename_columns(names) for frame in frames]
    return pa.concat_tables(tables, promote_options="permissive")
