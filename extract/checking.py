"""One table's records -> its part of the lake, its refused records and its counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import DataIntegrityError
from contracts.extraction import REJECTS_SCHEMA, TableCounts
from contracts.reference_date import cutoff_utc
from contracts.table_declaration import INSTANT_TYPE, Table
from extract.asides import count_heads, set_aside
from extract.client_links import ClientIndex, check_known, check_links, check_uses
from extract.field_checks import FREQUENCY, check_fields, normalized_frequencies
from extract.ordering import Rows, order_records
from extract.record_keys import key_texts
from extract.records import Records
from extract.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Checked:
    """A table of ``Table.lake_schema`` in its one order, its rejects (REJECTS_SCHEMA) and its counts.

    ``aside`` is what was read besides, where ``extract.asides`` keeps it; ``heads`` the events by age.
    """

    table: pa.Table
    rejects: pa.Table
    counts: TableCounts
    aside: pa.Table | None = None
    heads: tuple[int, ...] = ()


def check_clients(records: Records, *, as_of: date) -> tuple[Checked, ClientIndex]:
    """Return the checked clients, and the index against which every other table is checked."""
    verdicts = Verdicts(len(records))
    check_fields(records, verdicts, as_of=as_of)
    check_known(records, verdicts, as_of=as_of)
    checked = _finish(records, verdicts, as_of=as_of)
    return checked, ClientIndex.build(records, verdicts)


def check_records(records: Records, clients: ClientIndex, *, as_of: date) -> Checked:
    """Return the checked records of any table but the clients'."""
    verdicts = Verdicts(len(records))
    check_fields(records, verdicts, as_of=as_of)
    check_links(records, verdicts, clients)
    check_known(records, verdicts, as_of=as_of)
    return _finish(records, verdicts, as_of=as_of)


def _finish(records: Records, verdicts: Verdicts, *, as_of: date) -> Checked:
    columns = _lake_columns(records, as_of=as_of)
    order, repeated = order_records(records.table, columns, records.keys, verdicts.unmet)
    verdicts.apply("duplicado", repeated)
    check_uses(records, verdicts, as_of=as_of)
    return Checked(
        _conform(records.table, _chosen(columns, order[verdicts.kept[order]])),
        _rejects(records, verdicts),
        _reconciled(records, verdicts),
        set_aside(records, verdicts),
        count_heads(records, as_of=as_of),
    )


def _lake_columns(records: Records, *, as_of: date) -> pa.Table:
    """Return the records' columns as the lake holds them: ends after the reference date are still open."""
    table = records.table
    values = {name: decoded.values for name, decoded in records.columns.items()}
    if table.ended_at is not None:
        end = values[table.ended_at]
        open_still = pc.greater_equal(end, pa.scalar(cutoff_utc(as_of), INSTANT_TYPE))
        values[table.ended_at] = pc.if_else(open_still, pa.scalar(None, INSTANT_TYPE), end)
    if FREQUENCY in values:
        values[FREQUENCY] = normalized_frequencies(values[FREQUENCY])
    names = {column.name: column.lake_name for column in table.read_columns}
    return pa.table({names.get(name, name): array for name, array in values.items()}).select(table.lake_schema.names)


def _chosen(columns: pa.Table, rows: Rows) -> pa.Table:
    """Return some rows in a given order; where that is the one they lie in, they are copied run by run."""
    if (rows[1:] < rows[:-1]).any():
        return columns.take(pa.array(rows))
    chosen = np.zeros(len(columns), dtype=bool)
    chosen[rows] = True
    return columns.filter(pa.array(chosen))


def _conform(table: Table, columns: pa.Table) -> pa.Table:
    return columns.combine_chunks().cast(table.lake_schema)


def _rejects(records: Records, verdicts: Verdicts) -> pa.Table:
    refused = verdicts.rejected
    count = int(refused.sum())
    return pa.table(
        {
            "base": pa.array([records.table.store.value] * count, pa.string()),
            "tabela": pa.array([records.table.name] * count, pa.string()),
            "chave": key_texts(records.keys.filter(pa.array(refused))),
            "regra": pa.array(verdicts.names(refused), pa.string()),
        },
        schema=REJECTS_SCHEMA,
    )


def _reconciled(records: Records, verdicts: Verdicts) -> TableCounts:
    counts = verdicts.counts()
    if counts.difference:
        raise DataIntegrityError(f"{records.table.name}: {counts.difference} records unaccounted for")
    return counts
