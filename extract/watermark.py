"""Which records an incremental run reads from the stores again, and which it restores from the last snapshot.

Read again are those of the watermark or later by any of their table's times, and those without a time. An event whose
time is of a type other than text is found by no index: it is restored, and noticed by count alone.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.table_declaration import INSTANT_TYPE, Kind, Table
from extract.records import Decoded, Defect, Flags, Records


def is_read_anew(records: Records, since: datetime) -> Flags:
    """Return which records are read again by a run whose watermark is ``since`` (UTC)."""
    anew = np.zeros(len(records), dtype=bool)
    for name in times_of(records.table):
        time = records.columns[name]
        anew |= np.asarray(pc.fill_null(pc.greater_equal(time.values, pa.scalar(since, INSTANT_TYPE)), False))
        anew |= is_timeless(time)
    return anew


def is_timeless(time: Decoded) -> Flags:
    """Return which records have no time, or text for one: both are found by a query of their own."""
    missing = np.asarray(time.values.is_null())
    return missing & (~time.has(Defect.WRONG_TYPE) | time.has(Defect.TEXT))


def times_of(table: Table) -> list[str]:
    """Return the names of a table's instants."""
    return [column.name for column in table.read_columns if column.kind is Kind.INSTANT]
