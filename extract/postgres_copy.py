"""A query on PostgreSQL -> an Arrow table, through ``COPY (...) TO STDOUT`` in CSV.

The server's text goes into one buffer (as large as a CPF range) and is parsed by Arrow's CSV reader in
native code, straight into decimals, dates and instants. Where a column has a value that its type cannot hold
(``NaN``, ``infinity``, bytes that are not UTF-8), the buffer is read again with that column as bytes, for the
slower, exact conversion; where a row is longer than the reader's block, again as one block.
Figures against other ways: docs/decisions/0002-postgresql-to-arrow.md.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv

from contracts.errors import StoreContractError

_COLUMN_REFUSED = re.compile(r"^In CSV column #([0-9]+):")
_ROW_TOO_LONG = "straddling object"
"""How Arrow's reader says that a row does not fit into a block: nothing is wrong with the row."""

_BLOCK_BYTES = 2**20
"""Arrow's own choice; it takes none beyond an int32."""
_LARGEST_BLOCK = 2**31 - 1

_SESSION = "SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'; SET LOCAL client_encoding = 'UTF8'"


def copy_query(
    connection: sa.Connection, query: sa.Select[tuple[object, ...]], types: Mapping[str, pa.DataType]
) -> pa.Table:
    """Return the query's rows with the columns ``types`` names, each of its type or, failing that, binary."""
    compiled = query.compile(dialect=connection.dialect)
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_SESSION)
        statement = cursor.mogrify(str(compiled), compiled.params).decode()
        buffer = io.BytesIO()
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT csv)", buffer)
    finally:
        cursor.close()
    return parse_csv(pa.py_buffer(buffer.getbuffer()), types)


def parse_csv(data: pa.Buffer, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Return PostgreSQL's CSV as a table: an unquoted empty field is null, a quoted one is empty text.

    StoreContractError if it is not rows of so many columns.
    """
    if data.size == 0:
        return pa.schema(list(types.items())).empty_table()
    as_bytes = dict.fromkeys(types, pa.binary())
    block_bytes = _BLOCK_BYTES
    while True:
        try:
            return _read(data, types, block_bytes=block_bytes)
        except pa.ArrowInvalid as error:
            if str(error).startswith(_ROW_TOO_LONG) and block_bytes == _BLOCK_BYTES:
                block_bytes = min(data.size, _LARGEST_BLOCK)
            elif types != as_bytes:
                types = _doubted(types, str(error))
            else:
                raise StoreContractError("PostgreSQL: COPY gave other rows than were asked for") from None


def _doubted(types: Mapping[str, pa.DataType], message: str) -> dict[str, pa.DataType]:
    """Return the types with the column that Arrow could not read (it says which) as bytes; failing that, all."""
    found = _COLUMN_REFUSED.search(message)
    name = list(types)[int(found[1])] if found else None
    if name is None or types[name] == pa.binary():
        return dict.fromkeys(types, pa.binary())
    return {**types, name: pa.binary()}


def _read(data: pa.Buffer, types: Mapping[str, pa.DataType], *, block_bytes: int) -> pa.Table:
    return csv.read_csv(
        pa.BufferReader(data),
        read_options=csv.ReadOptions(column_names=list(types), use_threads=False, block_size=block_bytes),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
