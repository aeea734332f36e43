"""The snapshot that every peer reads: Parquet files of CPF ranges, as a run leaves them in the lake.

``make_snapshot`` is the one place that decides where the records come from.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.generated_samples import lake_tables
from contracts.artifacts import ArtifactStore
from contracts.extraction import REJECTS_SCHEMA, CpfRange, Extraction, TableCounts
from contracts.reference_date import LONGEST_WINDOW_DAYS, cutoff_utc, prescription_date
from contracts.tables import TABLES
from extract.lake import write_extraction
from flows.run_plan import snapshot_root, write_plan
from population.generate import generate_blocks
from population.parameters import PopulationParameters

EXECUTION = UUID(int=1)
SNAPSHOT_ID = str(EXECUTION)
SEED = 1


@dataclass(frozen=True, slots=True)
class Night:
    """One night's work: a snapshot in a lake, as of a date; the instants are naive UTC."""

    lake: Path
    as_of: date
    ranges: int

    @property
    def cutoff(self) -> datetime:
        """Return the first instant that does not count any more."""
        return cutoff_utc(self.as_of)

    @property
    def last_instant(self) -> datetime:
        """Return the last instant that counts: whole days before it are a fact's age."""
        return self.cutoff - timedelta(microseconds=1)

    @property
    def window_start(self) -> datetime:
        """Return the first instant of the longest window of events."""
        return self.cutoff - timedelta(days=LONGEST_WINDOW_DAYS)

    @property
    def oldest_due(self) -> date:
        """Return the oldest due date that still counts."""
        return prescription_date(self.as_of)

    def files(self, table: str) -> list[str]:
        """Return the Parquet files of a table, range by range."""
        root = self.lake / snapshot_root(SNAPSHOT_ID)
        return [str(path) for path in sorted(root.glob(f"faixa-*/{table}.parquet"))]

    def glob(self, table: str) -> str:
        """Return the pattern that names the same files."""
        return str(self.lake / snapshot_root(SNAPSHOT_ID) / "faixa-*" / f"{table}.parquet")


def make_snapshot(lake: Path, as_of: date, *, consumers: int, events: float, range_size: int) -> Night:
    """Write a generated population's snapshot of a date, cut into ranges of so many consumers; return its night."""
    parameters = PopulationParameters(consumers, SEED, as_of, mean_events=events)
    blocks = [lake_tables(block) for block in generate_blocks(parameters)]
    joined = {table.name: pa.concat_tables([block[table.name] for block in blocks]) for table in TABLES}
    tables = {name: table.sort_by("cpf").combine_chunks() for name, table in joined.items()}
    return write_snapshot(lake, as_of, tables, range_size=range_size)


def write_snapshot(lake: Path, as_of: date, tables: Mapping[str, pa.Table], *, range_size: int) -> Night:
    """Write whole lake tables, each sorted by CPF, as a snapshot of ranges of so many consumers."""
    cpfs = tables["cliente"]["cpf"]
    bounds = [None, *(cpfs[i].as_py() for i in range(range_size, len(cpfs), range_size)), None]
    ranges = [CpfRange(i, *pair) for i, pair in enumerate(itertools.pairwise(bounds))]
    store = ArtifactStore(lake)
    write_plan(store, SNAPSHOT_ID, ranges)
    for cpf_range in ranges:
        write_extraction(store, SNAPSHOT_ID, cpf_range.index, _cut(tables, cpf_range), as_of=as_of)
    return Night(lake, as_of, len(ranges))


def _cut(tables: Mapping[str, pa.Table], cpf_range: CpfRange) -> Extraction:
    found = {}
    for name, table in tables.items():
        start = 0 if cpf_range.lower is None else _rows_below(table, cpf_range.lower)
        end = table.num_rows if cpf_range.upper is None else _rows_below(table, cpf_range.upper)
        found[name] = table.slice(start, end - start)
    counts = {name: TableCounts(table.num_rows, table.num_rows) for name, table in found.items()}
    return Extraction(found, REJECTS_SCHEMA.empty_table(), counts)


def _rows_below(table: pa.Table, cpf: str) -> int:
    return pc.sum(pc.less(table["cpf"], cpf)).as_py() or 0
