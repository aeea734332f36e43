"""Base C: events, a CPF range at a time, as raw BSON batches that are decoded column by column.

A range is an index range scan on ``(cpf, date)``. Comparison with text matches text alone, so what is
missing or of another type is in no range: those documents are the strays. An array counts as text for the
server if it holds any; such a document belongs to the one range of its smallest text.
Figures against pymongoarrow: docs/decisions/0003-bson-to-arrow.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.extraction import CpfRange
from contracts.table_declaration import Store, Table
from contracts.tables import tables_of
from extract.bson_types import ARRAY
from extract.bson_values import decode_elements, decode_field, decode_texts
from extract.bson_walker import Batch, Field, locate_fields, open_batch
from extract.conversion import decode_text
from extract.mongo_replies import find_arrays
from extract.plain_bson import smallest_text
from extract.records import Flags, Records, concat_records, filter_records
from extract.store_errors import reading_mongo

if TYPE_CHECKING:
    from pymongo.database import Database

BATCH_DOCUMENTS = 100_000
DECODED_BYTES = 24 * 1024 * 1024
"""Bytes of replies that are decoded together: enough for numpy, little enough for memory."""

_SMALLEST_TEXT = ""
_LARGEST_TEXT = chr(0x10FFFF)


def range_filter(cpf_range: CpfRange) -> dict[str, Any]:
    """Return the query of the documents whose ``cpf`` is text within the range."""
    bounds = {"$gte": cpf_range.lower or _SMALLEST_TEXT}
    return {"cpf": bounds if cpf_range.upper is None else {**bounds, "$lt": cpf_range.upper}}


def stray_filter() -> dict[str, Any]:
    """Return the query of the documents in no range: a negated bound, which an index can answer from its ends."""
    return {"cpf": {"$not": {"$gte": _SMALLEST_TEXT}}}


def read_range(
    database: Database[dict[str, Any]], cpf_range: CpfRange, tables: Sequence[Table] = tables_of(Store.C)
) -> dict[str, Records]:
    """Return the documents of one range, by collection name: of all collections, or of those named."""
    return {table.name: _read(database, table, range_filter(cpf_range), cpf_range) for table in tables}


def read_strays(database: Database[dict[str, Any]], tables: Sequence[Table] = tables_of(Store.C)) -> dict[str, Records]:
    """Return the documents that no range holds, by collection name: of all collections, or of those named."""
    return {table.name: _read(database, table, stray_filter(), None) for table in tables}


def read_since(database: Database[dict[str, Any]], table: Table, since: datetime) -> Iterator[tuple[Records, pa.Array]]:
    """Yield batches of a collection's documents of ``since`` (UTC) or later, or with no time or text for one.

    With each come the texts by which ranges hold the documents: the CPF, an array's smallest text, null for strays.
    """
    assert table.known_at is not None
    projection = {column.name: 1 for column in table.read_columns}
    with reading_mongo(database):
        for bounds in ({"$gte": since}, None, {"$gte": _SMALLEST_TEXT, "$lt": _LARGEST_TEXT}):
            query = {table.known_at: bounds}
            found = find_arrays(database, table.name, query, projection, batch_size=BATCH_DOCUMENTS)
            with closing(found) as replies:
                for arrays in _grouped(replies):
                    batch = open_batch(arrays)
                    records = decode_documents(table, batch)
                    yield records, _held_by(batch, locate_fields(batch, ["cpf"])["cpf"])


def count_documents(database: Database[dict[str, Any]], table: Table, query: Mapping[str, Any] | None = None) -> int:
    """Return how many documents a query finds; without one, how many the collection says it holds."""
    with reading_mongo(database):
        if query is None:
            return database[table.name].estimated_document_count()
        return database[table.name].count_documents(query)


def _read(
    database: Database[dict[str, Any]], table: Table, query: Mapping[str, Any], cpf_range: CpfRange | None
) -> Records:
    projection = {column.name: 1 for column in table.read_columns}
    found = find_arrays(database, table.name, query, projection, batch_size=BATCH_DOCUMENTS)
    with reading_mongo(database), closing(found) as replies:
        parts = [decode_documents(table, open_batch(arrays), cpf_range) for arrays in _grouped(replies)]
    return concat_records(parts)


def _grouped(arrays: Iterable[memoryview]) -> Iterator[list[memoryview]]:
    group: list[memoryview] = []
    for array in arrays:
        group.append(array)
        if sum(map(len, group)) >= DECODED_BYTES:
            yield group
            group = []
    yield group


def decode_documents(table: Table, batch: Batch, cpf_range: CpfRange | None = None) -> Records:
    """Return a batch's documents as records; with a range, without arrays that another range answers for."""
    fields = locate_fields(batch, ["_id", *(column.name for column in table.read_columns)])
    columns = {c.name: decode_field(batch, fields[c.name], c.kind) for c in table.read_columns}
    records = Records(table, columns, decode_elements(batch, fields["_id"], "_id"))
    arrays = fields["cpf"].types == ARRAY
    if cpf_range is None or not arrays.any():
        return records
    return filter_records(records, ~arrays | _owned_arrays(batch, fields["cpf"], cpf_range))


def _owned_arrays(batch: Batch, cpf: Field, cpf_range: CpfRange) -> Flags:
    owned = np.zeros(len(cpf.types), dtype=bool)
    lower = (cpf_range.lower or _SMALLEST_TEXT).encode()
    for row in np.flatnonzero(cpf.types == ARRAY):
        smallest = _array_text(batch, cpf, int(row)) or b""
        owned[row] = smallest >= lower and (cpf_range.upper is None or smallest < cpf_range.upper.encode())
    return owned


def _held_by(batch: Batch, cpf: Field) -> pa.Array:
    """Return the text by which a range holds each document; null where none does."""
    texts, is_array = decode_texts(batch, cpf), cpf.types == ARRAY
    if not is_array.any():
        return texts
    smallest = pa.array([_array_text(batch, cpf, int(row)) for row in np.flatnonzero(is_array)], pa.binary())
    return pc.replace_with_mask(texts, pa.array(is_array), decode_text(smallest))


def _array_text(batch: Batch, cpf: Field, row: int) -> bytes | None:
    return smallest_text(batch.data[cpf.starts[row] : cpf.ends[row]].tobytes())
