"""Arrow columns of whatever type a relational driver gives -> columns of the lake's types.

Text is kept as it is, except bytes that are not UTF-8, which become U+FFFD. Oracle's DATE, which carries a
time, becomes a date. Instants become naive UTC microseconds. A date that the lake's type cannot hold
(``infinity``, years before 1 or after 9999) becomes ``BEYOND_DATES``, which the plausibility check refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.table_declaration import INSTANT_TYPE, Column, Kind, Table
from extract.money import money_column
from extract.records import Decoded, Defect, Records

BEYOND_DATES = date(9999, 12, 31)
BEYOND_INSTANTS = datetime(9999, 12, 31)

_DATE_TEXT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_INSTANT_TEXT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$"
_UTC_SUFFIX = r"(\+00(:?00)?|Z)$"
_DATED_TEXT = r"^(-?infinity|[0-9]{4,}-[0-9]{2}-[0-9]{2}.*)$"


def records_of(table: Table, raw: pa.Table) -> Records:
    """Return what a query of ``table``'s read columns (and ``cpf``) gave as records in the lake's types."""
    columns = {name: convert_column(_kind_of(table, name), _one_array(raw[name])) for name in raw.column_names}
    return Records(table, columns, columns[table.key].values)


def convert_column(kind: Kind, array: pa.Array) -> Decoded:
    """Return one column, given as Arrow array of any type, in the lake's type for its kind."""
    if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        array = decode_text(array)
    elif pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return _CONVERTERS[kind](array)


def decode_text(array: pa.Array) -> pa.Array:
    """Return bytes as text; what is not UTF-8 becomes U+FFFD, in the rows that hold it and nowhere else."""
    try:
        return array.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [None if value is None else value.decode("utf-8", "replace") for value in array.to_pylist()]
        return pa.array(texts, pa.string())


def _kind_of(table: Table, name: str) -> Kind:
    return Kind.TEXT if name == "cpf" else table.column(name).kind


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _text_column(array: pa.Array) -> Decoded:
    if pa.types.is_string(array.type):
        return Decoded(array)
    return _cast_or_wrong(array, pa.string())


def _date_column(array: pa.Array) -> Decoded:
    if pa.types.is_string(array.type):
        return _parsed(array, pa.date32(), _DATE_TEXT, date.fromisoformat, BEYOND_DATES)
    return _cast_or_wrong(array, pa.date32())


def _instant_column(array: pa.Array) -> Decoded:
    if pa.types.is_string(array.type):
        plain = pc.replace_substring_regex(array, _UTC_SUFFIX, "")
        return _parsed(plain, INSTANT_TYPE, _INSTANT_TEXT, datetime.fromisoformat, BEYOND_INSTANTS)
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        array = array.cast(pa.timestamp(array.type.unit, "UTC")).cast(pa.timestamp(array.type.unit))
    return _cast_or_wrong(array, INSTANT_TYPE)


_CONVERTERS: dict[Kind, Callable[[pa.Array], Decoded]] = {
    Kind.TEXT: _text_column,
    Kind.DATE: _date_column,
    Kind.INSTANT: _instant_column,
    Kind.MONEY: money_column,
}


def _cast_or_wrong(array: pa.Array, target: pa.DataType) -> Decoded:
    try:
        return Decoded(array.cast(target, safe=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        defects = np.where(np.asarray(array.is_valid()), Defect.WRONG_TYPE, Defect.NONE).astype(np.uint8)
        return Decoded(pa.nulls(len(array), target), defects)


def _parsed(array: pa.Array, target: pa.DataType, regular: str, parse: Callable[[str], Any], beyond: date) -> Decoded:
    try:
        return Decoded(array.cast(target))
    except pa.ArrowInvalid:
        plain = np.asarray(pc.fill_null(pc.match_substring_regex(array, regular), True))
    try:
        values = pc.if_else(pa.array(plain), array, pa.scalar(None, pa.string())).cast(target)
    except pa.ArrowInvalid:  # the right form but no such day: every value is looked at by itself
        values, plain = pa.nulls(len(array), target), np.asarray(array.is_null())
    rows = np.flatnonzero(~plain)
    odd = array.take(pa.array(rows))
    replacements = [
        _parse(text, parse, beyond if dated else None)
        for text, dated in zip(odd.to_pylist(), pc.match_substring_regex(odd, _DATED_TEXT).to_pylist(), strict=True)
    ]
    defects = np.zeros(len(array), dtype=np.uint8)
    defects[rows] = [Defect.WRONG_TYPE if value is None else Defect.NONE for value in replacements]
    values = pc.replace_with_mask(values, pa.array(~plain), pa.array(replacements, target))
    return Decoded(values, defects if defects.any() else None)


def _parse(text: str, parse: Callable[[str], Any], otherwise: date | None) -> Any:
    try:
        return parse(text)
    except ValueError:
        return otherwise


def arrow_type_of(column: Column) -> pa.DataType:
    """Return the type in which a column of a relational store is read when nothing is wrong with it."""
    if column.kind is Kind.MONEY:
        return pa.decimal128((column.precision or 14) + 4, 2)
    return column.arrow_field.type
