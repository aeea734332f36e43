"""One CPF range from the last snapshot and what changed in the stores since, judged as if all had been read anew.

The records that the snapshot was made from are restored, those of ``since`` or later are replaced by what the
stores hold now, and the whole goes through the same checks as a full read: the result is the same. Keys (Bases A and
B) or a record count (Base C) that do not match, through a deletion, a CPF that moved or an arrival later than the
overlap, have the table's range read whole. Which table is read how, and why: docs/decisions/0011-incremental-runs.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from contracts.extraction import CpfRange, Extraction
from contracts.table_declaration import Store, Table
from contracts.tables import CLIENTE, COMPRAS, PESSOA, tables_of
from extract import base_a, base_b, base_c
from extract.asides import is_repeat, restore_records
from extract.erased import Erased
from extract.extraction import check_extracted
from extract.records import Records, concat_records, filter_records
from extract.sources import Sources
from extract.watermark import is_read_anew

_CODE = "codigo_transacao"


@dataclass(frozen=True, slots=True)
class Earlier:
    """One range of the last snapshot, and what is known of the events since.

    ``tails`` are the events of ``since`` (UTC) or later; ``reread`` names collections of which the range is known
    to have lost or gained older documents. ``heads`` are the numbers of older documents, by collection, that the
    snapshot was made from: more than it restores where a person was erased.
    """

    snapshot: Extraction
    tails: Mapping[str, Records]
    since: datetime
    reread: Collection[str] = ()
    heads: Mapping[str, int] = field(default_factory=dict)

    def restore(self, table: Table) -> Records:
        """Return the records of a table that the snapshot was made from."""
        return restore_records(table, self.snapshot.tables[table.name], self.snapshot.aside.get(table.name))

    def restore_older(self, table: Table) -> Records:
        """Return those of before ``since``."""
        restored = self.restore(table)
        return filter_records(restored, ~is_read_anew(restored, self.since))


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One store's records of a range, the tables that were read whole, and erased persons' rows that were not read."""

    records: dict[str, Records]
    read_whole: Collection[str] = ()
    erased: Mapping[str, int] = field(default_factory=dict)


def refresh_range(sources: Sources, cpf_range: CpfRange, earlier: Earlier, *, as_of: date) -> Extraction:
    """Return one range as a full read would; raises as ``extract_range`` does."""
    queries_a, queries_b = base_a.range_queries(cpf_range), base_b.range_queries(cpf_range)
    with ThreadPoolExecutor(3, thread_name_prefix="extract") as pool:
        parts = [
            pool.submit(_refresh_rows, sources.base_a, queries_a, CLIENTE, earlier, erased=sources.erased),
            pool.submit(_refresh_rows, sources.base_b, queries_b, PESSOA, earlier, erased=sources.erased),
            pool.submit(_refresh_events, sources, cpf_range, earlier),
        ]
        done = [part.result() for part in parts]
    records = {name: found for part in done for name, found in part.records.items()}
    read_whole = [name for part in done for name in part.read_whole]
    known = {name: count for part in done for name, count in part.erased.items()}
    extraction = check_extracted(records, as_of=as_of, erased=sources.erased, known_erased=known)
    nameless = _refused_without_key(extraction)
    if nameless:
        return refresh_range(sources, cpf_range, replace(earlier, reread={*earlier.reread, *nameless}), as_of=as_of)
    return replace(extraction, read_whole=tuple(read_whole))


def refresh_strays(sources: Sources, earlier: Earlier, *, as_of: date) -> Extraction:
    """Return what no range holds: rows from the stores, documents from the last snapshot and the tails."""
    whole = [table for table in tables_of(Store.C) if table.name in earlier.reread]
    records = {**base_a.read_strays(sources.base_a), **base_b.read_strays(sources.base_b)}
    records |= base_c.read_strays(sources.base_c, whole)
    merged = merge_events(earlier, whole)
    extraction = check_extracted(
        records | merged.records, as_of=as_of, erased=sources.erased, known_erased=merged.erased
    )
    return replace(extraction, read_whole=tuple(merged.read_whole))


def repeats_cross(earlier: Earlier) -> bool:
    """Return whether a purchase has the code of an admitted older one: which stays is told by a key that is not kept.

    Repeats among older ones were settled before; purchases equal in all are of the same time, on one side.
    """
    restored = earlier.restore(COMPRAS)
    older = ~is_read_anew(restored, earlier.since)
    admitted = np.arange(len(restored)) < earlier.snapshot.tables[COMPRAS.name].num_rows
    settled = np.asarray(is_repeat(restored, earlier.snapshot.aside.get(COMPRAS.name)))
    others = [filter_records(restored, older & ~admitted & ~settled)]
    others += [earlier.tails[COMPRAS.name]] if COMPRAS.name in earlier.tails else []
    known, new = _codes(filter_records(restored, older & admitted)), _codes(concat_records(others))
    return bool(np.asarray(pc.is_in(new.drop_null(), value_set=known)).any())


def _refused_without_key(extraction: Extraction) -> set[str]:
    """Return the collections of which a document that was admitted before is refused now, as an orphan.

    Its key is not in the lake, and ``rejeitado`` names it.
    """
    unnamed = extraction.rejects.filter(pc.equal(extraction.rejects["chave"], ""))
    return {table.name for table in tables_of(Store.C)} & set(unnamed["tabela"].to_pylist())


def _refresh_rows(
    engine: sa.Engine,
    queries: Mapping[Table, base_a.Query],
    table: Table,
    earlier: Earlier,
    *,
    erased: Erased | None,
) -> Refreshed:
    """Return one store's rows of a range: of ``table`` those that changed and the rest as they were, others whole.

    Which rows there are is told by all keys of the range, read with the changed rows: a deletion, a CPF that moved
    and an arrival with old times show, and have the table read whole.
    """
    asked = {**queries, table: base_a.changed_query(queries[table], table, earlier.since)}
    keys_asked = base_a.key_query(queries[table], table)
    found, keys = base_a.read_queries_and_keys(engine, asked, table, keys_asked)
    older = earlier.restore_older(table)
    replaced = np.asarray(pc.is_in(older.keys, value_set=found[table.name].keys))
    merged = concat_records([filter_records(older, ~replaced), found[table.name]])
    missing = keys.filter(pc.invert(pc.is_in(keys, value_set=merged.keys)))
    are_there = len(keys) - len(missing) == len(merged) and np.asarray(pc.is_in(merged.keys, value_set=keys)).all()
    if are_there and (not len(missing) or (erased is not None and erased.are_clients(missing))):
        return Refreshed({**found, table.name: merged}, erased={table.name: len(missing)})
    return Refreshed(base_a.read_queries(engine, queries), [table.name])


def _refresh_events(sources: Sources, cpf_range: CpfRange, earlier: Earlier) -> Refreshed:
    whole = [table for table in tables_of(Store.C) if table.name in earlier.reread]
    if COMPRAS not in whole and repeats_cross(earlier):
        whole.append(COMPRAS)
    merged = merge_events(earlier, whole)
    return replace(merged, records=merged.records | base_c.read_range(sources.base_c, cpf_range, whole))


def merge_events(earlier: Earlier, whole: Collection[Table]) -> Refreshed:
    """Return the collections that are not read whole: the snapshot's older documents and the tail."""
    records, erased = {}, {}
    for table in tables_of(Store.C):
        if table not in whole:
            older = earlier.restore_older(table)
            tail = [earlier.tails[table.name]] if table.name in earlier.tails else []
            records[table.name] = concat_records([older, *tail])
            if table.name in earlier.heads:
                erased[table.name] = earlier.heads[table.name] - len(older)
    return Refreshed(records, [table.name for table in whole], erased)


def _codes(records: Records) -> pa.Array:
    return pc.binary_join_element_wise(records.columns["cpf"].values, records.columns[_CODE].values, " ")
