"""A population into the three stores and its truth files, block by block, with counts of what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa
from pymongo.database import Database
from pymongo.errors import PyMongoError
from sqlalchemy.exc import DBAPIError

from contracts.errors import StoreContractError, UsageError
from contracts.table_declaration import Store, Table
from contracts.tables import TABLES, tables_of
from population.document_load import (
    empty_collections,
    insert_documents,
    is_empty,
)
from population.documents import Document, documents_of
from population.generate import Block, generate_blocks
from population.parameters import PopulationParameters
from population.relational_load import delete_all, holds_clients, insert_records, insert_rows
from population.truth import TruthWriter


@dataclass(frozen=True)
class PopulationStores:
    """The three stores, connected with rights to write."""

    base_a: sa.Engine
    base_b: sa.Engine
    base_c: Database[Document]


@dataclass(frozen=True)
class PopulationSummary:
    """What was written: consumers, records by table, planted defects by expected rule."""

    clients: int
    records: Mapping[str, int]
    defects: Mapping[str, int]


Progress = Callable[[int], None]
"""Called with the number of consumers loaded so far."""


def populate(
    stores: PopulationStores,
    parameters: PopulationParameters,
    truth_dir: Path,
    *,
    replace: bool = False,
    progress: Progress | None = None,
) -> PopulationSummary:
    """Write the population into the stores and its truth into ``truth_dir``; return what was written.

    Memory holds two blocks: one is generated while the one before it is written. UsageError if a store
    already holds records, unless ``replace``, which deletes them first.
    """
    make_room(stores, replace=replace)
    with TruthWriter(truth_dir) as truth:
        return _load_blocks(stores, parameters, truth, progress)


def _load_blocks(
    stores: PopulationStores, parameters: PopulationParameters, truth: TruthWriter, progress: Progress | None
) -> PopulationSummary:
    records: Counter[str] = Counter()
    defects: Counter[str] = Counter()
    clients = 0
    with ThreadPoolExecutor(1, "populacao") as loader:
        pending: Future[int] | None = None
        for block in generate_blocks(parameters):
            truth.write(block)
            records.update({table.name: block.count(table.name) for table in TABLES})
            defects.update(block.defects["regra_esperada"].to_pylist())
            clients = _finish(pending, clients, progress)
            pending = loader.submit(load_block, stores, block)
        clients = _finish(pending, clients, progress)
    return PopulationSummary(clients, dict(records), dict(sorted(defects.items())))


def load_block(stores: PopulationStores, block: Block) -> int:
    """Write one block into the stores and return its consumers; A's and B's parts are written whole or not."""
    try:
        for store, engine in ((Store.A, stores.base_a), (Store.B, stores.base_b)):
            with engine.begin() as connection:
                for table in tables_of(store):
                    insert_rows(connection, table, block.tables[table.name])
                    insert_records(connection, table, block.irregular.get(table.name, ()))
        for table in tables_of(Store.C):
            documents = documents_of(table, block.tables[table.name])
            insert_documents(stores.base_c[table.name], [*documents, *block.irregular.get(table.name, ())])
    except (DBAPIError, PyMongoError) as error:
        raise StoreContractError(f"block {block.index} could not be written: {type(error).__name__}") from None
    return block.consumers


def make_room(stores: PopulationStores, *, replace: bool) -> None:
    """Empty the stores if ``replace``; UsageError if they hold records and it is not."""
    try:
        if replace:
            _empty(stores)
        elif _is_occupied(stores):
            raise UsageError("the stores already hold records: empty them first (--replace), or use empty stores")
    except (DBAPIError, PyMongoError) as error:
        raise StoreContractError(f"the stores cannot be prepared: {type(error).__name__}") from None


def write_table(stores: PopulationStores, table: Table, rows: pa.Table) -> None:
    """Write one table of the raw schema into its store, whole or not at all in A and B."""
    try:
        if table.store is Store.C:
            insert_documents(stores.base_c[table.name], documents_of(table, rows))
            return
        with (stores.base_a if table.store is Store.A else stores.base_b).begin() as connection:
            insert_rows(connection, table, rows)
    except (DBAPIError, PyMongoError) as error:
        raise StoreContractError(f"{table.name} could not be written: {type(error).__name__}") from None


def _finish(pending: Future[int] | None, clients: int, progress: Progress | None) -> int:
    if pending is None:
        return clients
    clients += pending.result()
    if progress is not None:
        progress(clients)
    return clients


def _is_occupied(stores: PopulationStores) -> bool:
    for store, engine in ((Store.A, stores.base_a), (Store.B, stores.base_b)):
        with engine.connect() as connection:
            if holds_clients(connection, store):
                return True
    return not is_empty(stores.base_c)


def _empty(stores: PopulationStores) -> None:
    for store, engine in ((Store.A, stores.base_a), (Store.B, stores.base_b)):
        with engine.begin() as connection:
            delete_all(connection, store)
    empty_collections(stores.base_c)
