"""Fills the three stores: a generated population with known risk, or the public Berka data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa

from contracts.settings import WRITE_SETTINGS, Settings
from contracts.table_declaration import Table
from flows.progress import StepProgress, show_progress
from population.berka import ImportSummary, read_berka, write_berka
from population.load import PopulationStores, PopulationSummary, make_room, populate, write_table
from population.parameters import PopulationParameters
from stores.connections import mongo_database, sql_engine

TRUTH_FOLDER = "verdade"


def populate_stores(settings: Settings, parameters: PopulationParameters, *, replace: bool) -> PopulationSummary:
    """Write a generated population and its truth files; return what was written."""
    with _open_for_writing(settings) as stores, show_progress() as progress:
        progress.start("populate", parameters.clients)
        truth = settings.var / TRUTH_FOLDER
        return populate(stores, parameters, truth, replace=replace, progress=_Advance(progress))


def import_berka_files(settings: Settings, directory: Path, *, replace: bool) -> ImportSummary:
    """Load the Berka files; return records by table, and what was left out by reason."""
    with _open_for_writing(settings) as stores, show_progress() as progress:
        progress.start("read the files")
        found = read_berka(directory)
        make_room(stores, replace=replace)
        progress.start("import", sum(rows.num_rows for rows in found.tables.values()))

        def write(table: Table, rows: pa.Table) -> None:
            write_table(stores, table, rows)

        return write_berka(found, write=write, progress=lambda _name, rows: progress.advance(rows))


@contextmanager
def _open_for_writing(settings: Settings) -> Iterator[PopulationStores]:
    settings.require(*WRITE_SETTINGS)
    timeout = settings.store_timeout_seconds
    with ExitStack() as stack:
        base_a = sql_engine(settings.secret("base_a_admin_url"), timeout=timeout)
        stack.callback(base_a.dispose)
        base_b = sql_engine(settings.secret("base_b_admin_url"), timeout=timeout)
        stack.callback(base_b.dispose)
        base_c = mongo_database(settings.secret("base_c_admin_url"), timeout=timeout)
        stack.callback(base_c.client.close)
        yield PopulationStores(base_a, base_b, base_c)


class _Advance:
    """Turns "consumers so far" into steps of a progress bar."""

    def __init__(self, progress: StepProgress) -> None:
        self._progress = progress
        self._done = 0

    def __call__(self, clients: int) -> None:
        self._progress.advance(clients - self._done)
        self._done = clients
