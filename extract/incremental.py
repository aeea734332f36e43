"""One CPF range from the last snapshot and what changed in the stores since, judged as if all had been read anew.

The records that the snapshot was made from are restored, those of ``since`` or later are replaced by what the
stores hold now, and the whole goes through the same checks as a full read: the result is the same. A record
count that does not match (a deletion, a CPF that moved, an arrival later than the overlap) has the table's
range read whole. Which table is read how, and why: docs/decisions/0011-incremental-runs.md.
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
from contracts.tables import CLIENTE, COMPRAS, INSTANT_TYPE, PESSOA, Kind, Store, Table, tables_of
from extract import base_a, base_b, base_c
from extract.asides import is_repeat, restore_records
from extract.extraction import check_extracted
from extract.records import Flags, Records, concat_records, filter_records
from extract.relational_tables import relation_of, within
from extract.sources import Sources
from extract.store_errors import reading_engine

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
        return filter_records(restored, ~is_recent(restored, self.since))

    def count_erased(self, read_whole: Collection[str]) -> dict[str, int]:
        """Return how many older documents of erased persons each collection that was not read whole holds."""
        merged = [t for t in tables_of(Store.C) if t.name not in read_whole and t.name in self.heads]
        return {table.name: self.heads[table.name] - len(self.restore_older(table)) for table in merged}

    def merge_events(self, table: Table) -> Records:
        """Return a collection's documents: the older ones of the snapshot, and the tail."""
        tail = [self.tails[table.name]] if table.name in self.tails else []
        return concat_records([self.restore_older(table), *tail])


def refresh_range(sources: Sources, cpf_range: CpfRange, earlier: Earlier, *, as_of: date) -> Extraction:
    """Return one range as a full read would; raises as ``extract_range`` does."""
    queries_a, queries_b = base_a.range_queries(cpf_range), base_b.range_queries(cpf_range)
    with ThreadPoolExecutor(3, thread_name_prefix="extract") as pool:
        parts = [
            pool.submit(_refresh_rows, sources.base_a, queries_a, CLIENTE, cpf_range, earlier),
            pool.submit(_refresh_rows, sources.base_b, queries_b, PESSOA, cpf_range, earlier),
            pool.submit(_refresh_events, sources, cpf_range, earlier),
        ]
        done = [part.result() for part in parts]
    records = {name: found for part, _ in done for name, found in part.items()}
    read_whole = [name for _, whole in done for name in whole]
    known = earlier.count_erased(read_whole)
    extraction = check_extracted(dict(records), as_of=as_of, erased=sources.erased, known_erased=known)
    nameless = _refused_without_key(extraction)
    if nameless:
        records |= base_c.read_range(sources.base_c, cpf_range, nameless)
        read_whole += [table.name for table in nameless]
        known = earlier.count_erased(read_whole)
        extraction = check_extracted(records, as_of=as_of, erased=sources.erased, known_erased=known)
    return replace(extraction, read_whole=tuple(read_whole))


def refresh_strays(sources: Sources, earlier: Earlier, *, as_of: date) -> Extraction:
    """Return what no range holds: rows from the stores, documents from the last snapshot and the tails."""
    whole = [table for table in tables_of(Store.C) if table.name in earlier.reread]
    records = {**base_a.read_strays(sources.base_a), **base_b.read_strays(sources.base_b)}
    records |= base_c.read_strays(sources.base_c, whole)
    records |= {table.name: earlier.merge_events(table) for table in tables_of(Store.C) if table not in whole}
    read_whole = tuple(table.name for table in whole)
    known = earlier.count_erased(read_whole)
    extraction = check_extracted(records, as_of=as_of, erased=sources.erased, known_erased=known)
    return replace(extraction, read_whole=read_whole)


def is_recent(records: Records, since: datetime) -> Flags:
    """Return which records are of ``since`` or later, by any of their table's times of arrival."""
    recent = np.zeros(len(records), dtype=bool)
    for name in _times(records.table):
        values = records.columns[name].values
        recent |= np.asarray(pc.fill_null(pc.greater_equal(values, pa.scalar(since, INSTANT_TYPE)), False))
        if records.table.store is not Store.C:  # the stores are asked for rows without a time too
            recent |= np.asarray(values.is_null())
    return recent


def repeats_cross(earlier: Earlier) -> bool:
    """Return whether a purchase has the code of an admitted older one: which stays is told by a key that is not kept.

    Repeats among older ones were settled before; purchases equal in all are of the same time, on one side.
    """
    restored = earlier.restore(COMPRAS)
    older = ~is_recent(restored, earlier.since)
    admitted = np.arange(len(restored)) < earlier.snapshot.tables[COMPRAS.name].num_rows
    settled = np.asarray(is_repeat(restored, earlier.snapshot.aside.get(COMPRAS.name)))
    others = [filter_records(restored, older & ~admitted & ~settled)]
    others += [earlier.tails[COMPRAS.name]] if COMPRAS.name in earlier.tails else []
    known, new = _codes(filter_records(restored, older & admitted)), _codes(concat_records(others))
    return bool(np.asarray(pc.is_in(new.drop_null(), value_set=known)).any())


def _refused_without_key(extraction: Extraction) -> list[Table]:
    """Return the collections of which a document that was admitted before is refused now, as an orphan.

    Its key is not in the lake, and ``rejeitado`` names it.
    """
    unnamed = extraction.rejects.filter(pc.equal(extraction.rejects["chave"], ""))
    names = set(unnamed["tabela"].to_pylist())
    return [table for table in tables_of(Store.C) if table.name in names]


def _refresh_rows(
    engine: sa.Engine, queries: Mapping[Table, base_a.Query], table: Table, cpf_range: CpfRange, earlier: Earlier
) -> tuple[dict[str, Records], list[str]]:
    """Return one store's rows of a range: of ``table`` those that changed and the rest as they were, others whole."""
    relation = relation_of(table)
    changed = sa.or_(*(sa.or_(relation.c[n] >= earlier.since, relation.c[n].is_(None)) for n in _times(table)))
    found = base_a.read_queries(engine, {**queries, table: queries[table].where(changed)})
    older = earlier.restore_older(table)
    replaced = np.asarray(pc.is_in(older.keys, value_set=found[table.name].keys))
    merged = concat_records([filter_records(older, ~replaced), found[table.name]])
    count = sa.select(sa.func.count()).select_from(relation).where(within(relation.c.cpf, cpf_range))
    with reading_engine(engine), engine.connect() as connection:
        if connection.scalar(count) == len(merged):
            return {**found, table.name: merged}, []
    return base_a.read_queries(engine, queries), [table.name]


def _refresh_events(sources: Sources, cpf_range: CpfRange, earlier: Earlier) -> tuple[dict[str, Records], list[str]]:
    whole = [table for table in tables_of(Store.C) if table.name in earlier.reread]
    if COMPRAS not in whole and repeats_cross(earlier):
        whole.append(COMPRAS)
    records = {table.name: earlier.merge_events(table) for table in tables_of(Store.C) if table not in whole}
    return records | base_c.read_range(sources.base_c, cpf_range, whole), [table.name for table in whole]


def _times(table: Table) -> list[str]:
    return [column.name for column in table.read_columns if column.kind is Kind.INSTANT]


def _codes(records: Records) -> pa.Array:
    return pc.binary_join_element_wise(records.columns["cpf"].values, records.columns[_CODE].values, " ")
