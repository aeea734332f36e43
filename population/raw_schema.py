"""Arrow schemas of generated records, as the stores hold them, derived from the contract's tables.

Relational money is a decimal; a Base C amount is cents and the BSON form in which it will be written.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.table_declaration import Column, Kind, Store, Table
from population.identifiers import OBJECT_ID_LENGTH

CENTS = "valor_centavos"
FORM = "valor_forma"
OBJECT_ID = "_id"


class MoneyForm(IntEnum):
    """The BSON type in which an amount is written: all three occur in Base C."""

    DOUBLE = 0
    INTEGER = 1
    DECIMAL = 2


def raw_schema(table: Table) -> pa.Schema:
    """Return the schema of a table's generated records: every column of the contract, read or not."""
    fields: list[pa.Field] = []
    if table.store is Store.C:
        fields.append(pa.field(OBJECT_ID, pa.binary(OBJECT_ID_LENGTH), nullable=False))
    for column in table.columns:
        if column.kind is Kind.MONEY and table.store is Store.C:
            fields += [pa.field(CENTS, pa.int64(), nullable=False), pa.field(FORM, pa.int8(), nullable=False)]
        else:
            fields.append(pa.field(column.name, _raw_type(column, table.store), nullable=column.nullable))
    return pa.schema(fields)


def _raw_type(column: Column, store: Store) -> pa.DataType:
    if column.kind is Kind.MONEY:
        return pa.decimal128(column.precision or 14, 2)
    if column.kind is Kind.DATE:
        return pa.date32()
    if column.kind is Kind.INSTANT:
        return pa.timestamp("ms" if store is Store.C else "us")
    return pa.string()


def decimals(cents: npt.NDArray[np.int64], precision: int) -> pa.Array:
    """Return cents as decimals with two places (reais)."""
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents
    words[:, 1] = cents >> 63
    return pa.Array.from_buffers(pa.decimal128(precision, 2), len(cents), [None, pa.py_buffer(words.tobytes())])


def raw_table(table: Table, columns: dict[str, pa.Array]) -> pa.Table:
    """Return the columns as a table of the contract's raw schema, whatever order they come in."""
    schema = raw_schema(table)
    return pa.table([columns[field.name].cast(field.type) for field in schema], schema=schema)


def nullable_instants(instants: npt.NDArray[np.datetime64], present: npt.NDArray[np.bool_]) -> pa.Array:
    """Return instants as an Arrow column, null where not ``present``."""
    return pa.array(instants, mask=~present)


def choose(vocabulary: tuple[str, ...], index: npt.NDArray[np.int64]) -> pa.Array:
    """Return the vocabulary's texts at the indexes."""
    return pa.array(vocabulary).take(pa.array(index))


def draw_index(rng: np.random.Generator, weights: npt.ArrayLike, count: int) -> npt.NDArray[np.int64]:
    """Return ``count`` indexes drawn with the given weights."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn: npt.NDArray[np.int64] = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    return np.minimum(drawn, len(cumulative) - 1)
