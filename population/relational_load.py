"""Records into the relational stores: COPY for PostgreSQL, array binds for Oracle and any other.

Oracle's path is the same SQLAlchemy insert that any other database takes; it has never run on Oracle.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import sqlalchemy as sa

from contracts.table_declaration import Store, Table
from contracts.tables import tables_of
from population.dirt_hand import Record
from stores.column_types import sql_type

_BIND_ROWS = 5_000
METADATA = sa.MetaData()


def sql_table(table: Table) -> sa.Table:
    """Return a table of Base A or B with all of its columns, as inserts name it."""
    if table.name in METADATA.tables:
        return METADATA.tables[table.name]
    return sa.Table(table.name, METADATA, *(sa.Column(column.name, sql_type(column)) for column in table.columns))


def insert_rows(connection: sa.Connection, table: Table, rows: pa.Table) -> None:
    """Insert a table of the raw schema, within the caller's transaction."""
    if rows.num_rows == 0:
        return
    if connection.dialect.name == "postgresql":
        _copy_rows(connection, table, rows)
        return
    for start in range(0, rows.num_rows, _BIND_ROWS):
        insert_records(connection, table, rows.slice(start, _BIND_ROWS).to_pylist())


def insert_records(connection: sa.Connection, table: Table, records: Sequence[Record]) -> None:
    """Insert records given as column values, within the caller's transaction."""
    if records:
        connection.execute(sql_table(table).insert(), list(records))


def holds_clients(connection: sa.Connection, store: Store) -> bool:
    """Return whether any table of the store holds a row."""
    return any(
        connection.execute(sa.select(sa.literal(1)).select_from(sql_table(table)).limit(1)).first() is not None
        for table in tables_of(store)
    )


def delete_all(connection: sa.Connection, store: Store) -> None:
    """Delete every row of the store's tables, children first."""
    tables = [sql_table(table) for table in reversed(tables_of(store))]
    if connection.dialect.name == "postgresql":
        names = ", ".join(table.name for table in tables)
        connection.execute(sa.text(f"TRUNCATE TABLE {names}"))
        return
    for table in tables:
        connection.execute(table.delete())


def _copy_rows(connection: sa.Connection, table: Table, rows: pa.Table) -> None:
    """Send the rows as CSV: null is an empty unquoted field, every value is quoted."""
    sink = io.BytesIO()
    text = pa.table({name: _text_column(rows[name]) for name in rows.column_names})
    options = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")
    pa_csv.write_csv(text, sink, options)
    sink.seek(0)
    names = ", ".join(rows.column_names)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        cursor.copy_expert(f"COPY {table.name} ({names}) FROM STDIN WITH (FORMAT csv, ENCODING 'UTF8')", sink)


def _text_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())
