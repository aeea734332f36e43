"""What changed in Base C since the last snapshot, laid out in the lake by CPF range for the tasks that work on them.

It lies beside the run's snapshot and goes when the run is published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.artifacts import ArtifactStore
from contracts.documents import reading_document
from contracts.table_declaration import Store, Table
from contracts.tables import TABLES_BY_NAME, tables_of
from extract import base_c
from extract.asides import records_in, table_of
from extract.event_changes import STRAY, Places, changed_places, read_tail
from extract.records import Records, concat_records
from extract.sources import Sources
from flows.base_snapshot import FoundBase
from flows.run_plan import RunIdentity, changes_root

SHELVES = 200
"""Folders over which the ranges' changes are spread, so that a range is found without reading all of them."""

DOCUMENTS_A_FILE = 200_000
"""Documents that are spread over the folders at once: fewer would leave many small files, more take memory."""

_FILE = "eventos.parquet"
_PLACE = "#faixa"
_INDEX = "indice.json"


class Changes:
    """The latest documents of each range, and which collections of it must be read whole."""

    def __init__(self, lake: ArtifactStore, snapshot_id: str) -> None:
        self._lake = lake
        self._root = changes_root(snapshot_id)
        index = lake.read_json(f"{self._root}/indice", _INDEX)
        with reading_document(f"{self._root}/indice/{_INDEX}"):
            self._reread = {name: frozenset(places) for name, places in index["reler"].items()}

    def tails(self, place: int) -> dict[str, Records]:
        """Return a range's latest documents (STRAY: the strays'), by collection; one without any is left out."""
        shelf = f"{self._root}/{_shelf(place)}"
        parts: dict[str, list[Records]] = {}
        for name in self._lake.list(shelf):
            listed = self._lake.read_table(f"{shelf}/{name}", _FILE)
            with reading_document(f"{shelf}/{name}/{_FILE}"):
                table = TABLES_BY_NAME[name.partition("-")[0]]
                found = records_in(table, listed.filter(pc.equal(listed[_PLACE], place)))
            parts.setdefault(table.name, []).append(found)
        return {name: concat_records(records) for name, records in parts.items()}

    def reread(self, place: int) -> tuple[str, ...]:
        """Return the collections of which a range has lost or gained older documents."""
        return tuple(name for name, places in self._reread.items() if place in places)


def stage_changes(lake: ArtifactStore, sources: Sources, run: RunIdentity, found: FoundBase) -> None:
    """Read from Base C what changed since the base and lay it out; the index is written last.

    Raises StoreUnavailableError or StoreContractError as extraction does.
    """
    lake.delete(changes_root(run.snapshot_id))
    tables = tables_of(Store.C)
    with ThreadPoolExecutor(len(tables), thread_name_prefix="mudancas") as pool:
        places = pool.map(partial(_stage_collection, lake, sources, run, found), tables)
        reread = {table.name: sorted(found) for table, found in zip(tables, places, strict=True)}
    lake.write(f"{changes_root(run.snapshot_id)}/indice", {_INDEX: {"reler": reread}}, meta={})


def _stage_collection(
    lake: ArtifactStore, sources: Sources, run: RunIdentity, found: FoundBase, table: Table
) -> frozenset[int]:
    """Lay out a collection's latest documents; return the places of which it must be read whole."""
    assert found.base is not None
    counted = base_c.count_documents(sources.base_c, table)
    tail = 0
    read = read_tail(sources.base_c, table, found.ranges, found.base.since)
    for number, (records, places) in enumerate(_gathered(read)):
        tail += len(records)
        listed = table_of(records).append_column(_PLACE, pa.array(places))
        for shelf, rows in _by_shelf(places).items():
            path = f"{changes_root(run.snapshot_id)}/{shelf}/{table.name}-{number:05d}"
            lake.write(path, {_FILE: listed.take(pa.array(rows))}, meta={})
    return changed_places(
        sources.base_c,
        table,
        found.ranges,
        found.heads[table.name],
        since=found.base.since,
        tail=tail,
        counted_before=counted,
    )


def _gathered(read: Iterable[tuple[Records, Places]]) -> Iterator[tuple[Records, Places]]:
    """Yield what was read in parts of at least so many documents, but the last: each is a file a group of ranges."""
    parts: list[tuple[Records, Places]] = []
    gathered = 0
    for part in read:
        parts.append(part)
        gathered += len(part[0])
        if gathered >= DOCUMENTS_A_FILE:
            yield _joined(parts)
            parts, gathered = [], 0
    if parts:
        yield _joined(parts)


def _joined(parts: Sequence[tuple[Records, Places]]) -> tuple[Records, Places]:
    return concat_records([records for records, _ in parts]), np.concatenate([places for _, places in parts])


def _by_shelf(places: Places) -> dict[str, Places]:
    numbers = np.where(places == STRAY, STRAY, places % SHELVES)
    return {_shelf(int(number)): np.flatnonzero(numbers == number) for number in np.unique(numbers)}


def _shelf(place: int) -> str:
    return "avulsos" if place == STRAY else f"grupo-{place % SHELVES:05d}"
