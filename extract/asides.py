"""What a snapshot keeps beside its tables, so that the records it was made from can be had again without the stores.

The tables hold the admitted records alone. A record that was refused or left aside may be admitted another
night (its consumer is put right, its day comes), so an incremental run needs it as the store returned it. Kept
for the tables that such a run does not read whole; columns named ``#...`` hold defects, keys and rules.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.documents import reading_document
from contracts.reference_date import cutoff_utc
from contracts.settings import MAX_OVERLAP_DAYS
from contracts.table_declaration import Store, Table
from contracts.tables import CLIENTE, PESSOA, tables_of
from extract.record_keys import key_texts
from extract.records import Decoded, Records, concat_records, filter_records
from extract.verdicts import Verdicts
from extract.watermark import is_timeless

RESTORED: tuple[Table, ...] = (CLIENTE, PESSOA, *tables_of(Store.C))
"""Tables with a time of update, and collections of events, which nobody alters: an incremental run reads their ends.

The others, where a row may be put right without a trace, are read whole every night.
"""

_KEY = "#chave"
_RULE = "#regra"
_DEFECTS = "#defeitos:"
_FIRST_KEY = ""
"""The key of an admitted event, which the lake does not hold: it goes before those of the repeats it was kept over."""


def set_aside(records: Records, verdicts: Verdicts) -> pa.Table | None:
    """Return the records that were not admitted, with the rule each met; None for tables that are read whole."""
    if records.table not in RESTORED:
        return None
    left = ~verdicts.kept
    return table_of(filter_records(records, left)).append_column(_RULE, pa.array(verdicts.names(left), pa.string()))


def count_heads(records: Records, *, as_of: date) -> tuple[int, ...]:
    """Return how many events an incremental run would restore that reads from k days before the cutoff on, k from 0."""
    if records.table.store is not Store.C or records.table.known_at is None:
        return ()
    time = records.columns[records.table.known_at]
    timeless = time.values.null_count - int(is_timeless(time).sum())
    ages = np.sort(np.asarray(time.values.drop_null()).astype("datetime64[us]"))
    cutoff = cutoff_utc(as_of)
    bounds = np.array([cutoff - timedelta(days=k) for k in range(MAX_OVERLAP_DAYS + 1)], dtype="datetime64[us]")
    return tuple(int(n) + timeless for n in np.searchsorted(ages, bounds, side="left"))


def table_of(records: Records) -> pa.Table:
    """Return records as a table: values, keys as text, and the defects of columns that have any."""
    columns = {name: decoded.values for name, decoded in records.columns.items()}
    defects = {_DEFECTS + n: pa.array(d.defects) for n, d in records.columns.items() if d.defects is not None}
    return pa.table({**columns, **defects, _KEY: key_texts(records.keys)})


def records_in(table: Table, listed: pa.Table) -> Records:
    """Return the records that ``table_of`` wrote."""
    with reading_document(f"{table.name}: what was set aside"):
        flat = listed.combine_chunks()
        columns = {
            name: Decoded(_array(flat, name), np.asarray(_array(flat, other)) if other in flat.column_names else None)
            for name, other in ((name, _DEFECTS + name) for name in _names(table))
        }
        return Records(table, columns, _keys(table, columns, _array(flat, _KEY)))


def restore_records(table: Table, admitted: pa.Table, aside: pa.Table | None) -> Records:
    """Return the records that a snapshot's table was made from: the admitted ones and those set aside."""
    flat = admitted.combine_chunks()
    names = {column.name: column.lake_name for column in table.read_columns}
    columns = {name: Decoded(_array(flat, names.get(name, name))) for name in _names(table)}
    unknown = pa.repeat(pa.scalar(_FIRST_KEY, pa.string()), flat.num_rows)
    kept = Records(table, columns, _keys(table, columns, unknown))
    return kept if aside is None or not aside.num_rows else concat_records([kept, records_in(table, aside)])


def is_repeat(records: Records, aside: pa.Table | None) -> pa.Array:
    """Return which of the restored records were set aside as repeats of an admitted one."""
    if aside is None or not aside.num_rows:
        return pa.repeat(pa.scalar(False), len(records))
    repeats = pc.equal(aside[_RULE].combine_chunks(), "duplicado")
    return pa.concat_arrays([pa.repeat(pa.scalar(False), len(records) - len(repeats)), repeats])


def _names(table: Table) -> list[str]:
    names = [column.name for column in table.read_columns]
    return names if "cpf" in names else ["cpf", *names]


def _keys(table: Table, columns: dict[str, Decoded], otherwise: pa.Array) -> pa.Array:
    return otherwise if table.store is Store.C else columns[table.key].values


def _array(table: pa.Table, name: str) -> pa.Array:
    column = table[name]
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])
