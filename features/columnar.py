"""The catalog computed column by column: each family's records, its measures a consumer, then the formulas.

Consumers are worked on in slices of bounded size, several at once where threads allow; a slice's records are a slice of
each table, for both are sorted by consumer. Every expression is the declared one, parsed (``plan``), evaluated by
Arrow's kernels (``kernels``) and folded (``folds``).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.folds import OwnedRows
from features.kernels import Evaluation, Kernel
from features.ownership import OwnedRecords, own_records, whole_batch
from features.plan import CatalogPlan, FamilyPlan
from features.vocabulary import date_kernels

SLICE = 20_000
"""Consumers worked on at once by a thread: some tens of MiB of intermediate columns."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What every slice is computed from: the known clients, sorted by cpf, and the records of each other family."""

    plan: CatalogPlan
    words: Mapping[str, Kernel]
    clients: pa.RecordBatch
    records: Mapping[str, OwnedRecords]


def compute_features(
    plan: CatalogPlan, tables: Mapping[str, pa.Table], as_of: date, *, threads: int, schema: pa.Schema
) -> pa.Table:
    """Return cpf, ``cliente_id``, ``sem_dados`` and the features of every client known at ``as_of``, sorted by cpf.

    Raises
    ------
    DataIntegrityError
        A table holds a value that a declaration calls an ``error``.
    pa.ArrowInvalid
        A number may not fit 64 bits, or a cpf stands for two clients.
    """
    base, *others = plan.families
    words = date_kernels(as_of)
    clients = _known_clients(base, tables[base.table], words)
    records = {family.name: own_records(tables[family.table], clients["cpf"]) for family in others}
    compute = partial(_compute_slice, _Work(plan, words, clients, records), schema)
    firsts = range(0, max(clients.num_rows, 1), SLICE)
    if threads == 1 or len(firsts) == 1:
        return pa.Table.from_batches(map(compute, firsts))
    with ThreadPoolExecutor(threads) as pool:
        return pa.Table.from_batches(pool.map(compute, firsts))


def _known_clients(base: FamilyPlan, table: pa.Table, words: Mapping[str, Kernel]) -> pa.RecordBatch:
    """Return the clients that count, sorted by cpf."""
    batch = whole_batch(table)
    counted = batch.filter(_evaluate(batch, words).mask(base.row_filter))
    place = counted.schema.get_field_index("cpf")
    counted = counted.set_column(place, "cpf", counted["cpf"].cast(pa.string()))
    if not _rising(counted["cpf"]):
        counted = counted.take(pc.sort_indices(counted["cpf"]))
        if not _rising(counted["cpf"]):
            raise pa.ArrowInvalid("a cpf stands for two clients")
    return counted


def _rising(texts: pa.Array) -> bool:
    return bool(pc.all(pc.less(texts[:-1], texts[1:]), min_count=0).as_py())


def _evaluate(batch: pa.RecordBatch, words: Mapping[str, Kernel]) -> Evaluation:
    return Evaluation(dict(zip(batch.schema.names, batch.columns, strict=True)), batch.num_rows, words)


def _compute_slice(work: _Work, schema: pa.Schema, first: int) -> pa.RecordBatch:
    """Return the features of the consumers from the ``first`` on."""
    clients = work.clients.slice(first, SLICE)
    base, *others = work.plan.families
    profile = _evaluate(clients, work.words)
    known = {f"{base.name}.{name}": profile.define(name, node) for name, node in base.row_columns}
    present = np.zeros(clients.num_rows, np.bool_)
    for family in others:
        records = work.records[family.name].slice(first, clients.num_rows)
        rows = _counted_rows(family, records, clients.num_rows, words=work.words)
        known |= _measures(family, rows, clients.num_rows)
        present |= rows.present
    formulas = Evaluation(known, clients.num_rows, {})
    columns = [clients["cpf"], known[f"{base.name}.cliente_id"].cast(pa.string()), pa.array(~present)]
    columns += [formulas.array(node) for node in work.plan.features]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _counted_rows(
    family: FamilyPlan, records: OwnedRecords, consumers: int, *, words: Mapping[str, Kernel]
) -> OwnedRows:
    """Return the family's rows that count, with its row columns."""
    counted = records.filter(_evaluate(records.batch, words).mask(family.row_filter))
    evaluation = _evaluate(counted.batch, words)
    for name, node in family.row_columns:
        evaluation.define(name, node)
    return OwnedRows(evaluation, counted.owners, consumers)


def _measures(family: FamilyPlan, rows: OwnedRows, consumers: int) -> dict[str, pa.Array]:
    """Return the family's measures, folded and derived, by the names that formulas use."""
    measures = {name: rows.fold(fold) for name, fold in family.folds}
    derivation = Evaluation(measures, consumers, {})
    measures |= {name: derivation.define(name, node) for name, node in family.derived}
    return {f"{family.name}.{name}": values for name, values in measures.items()}
