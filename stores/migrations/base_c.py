"""Base C: numbered index steps; what was applied stands in the collection `_migracoes`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo.database import Database

from contracts.table_declaration import Store
from contracts.tables import tables_of

COLLECTION = "_migracoes"
INDEX_SECONDS = 86_400
"""How long an index of a collection that is full already may take to build."""


def _index_events_by_cpf_and_date(database: Database[dict[str, Any]]) -> None:
    for collection, instant in (
        ("consultas", "data_consulta"),
        ("movimentacoes", "data_movimentacao"),
        ("compras", "data_compra"),
    ):
        database[collection].create_index([("cpf", 1), (instant, 1)], name=f"ix_cpf_{instant}")


def _index_events_by_date(database: Database[dict[str, Any]]) -> None:
    """Let an incremental run find the latest events without walking through everybody's."""
    for table in tables_of(Store.C):
        if table.known_at is not None:
            database[table.name].create_index([(table.known_at, 1)], name=f"ix_{table.known_at}")


STEPS: tuple[tuple[str, Callable[[Database[dict[str, Any]]], None]], ...] = (
    ("c0001", _index_events_by_cpf_and_date),
    ("c0002", _index_events_by_date),
)


def apply_steps(database: Database[dict[str, Any]]) -> list[str]:
    """Apply what is missing, in order, and return the names; a step may run twice, so two callers do no harm."""
    done = {str(document["_id"]) for document in database[COLLECTION].find({}, {"_id": 1})}
    missing = [(name, step) for name, step in STEPS if name not in done]
    for name, step in missing:
        with pymongo.timeout(INDEX_SECONDS):  # the connection's own limit is meant for reads
            step(database)
        record = {"$setOnInsert": {"aplicada_em": datetime.now(UTC)}}
        database[COLLECTION].update_one({"_id": name}, record, upsert=True)
    return [name for name, _ in missing]
