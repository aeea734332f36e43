"""Lake tables written as the snapshot that the night's peers read, of any date and cut into ranges."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.lake_snapshot import RUN
from benchmarks.peers.night.snapshot import Night
from contracts.artifacts import ArtifactStore
from contracts.extraction import REJECTS_SCHEMA, CpfRange, Extraction, TableCounts
from extract.lake import write_extraction
from flows.run_plan import write_plan


def write_night(lake: Path, as_of: date, tables: Mapping[str, pa.Table], *, range_size: int) -> Night:
    """Write whole lake tables, each sorted by CPF, as a snapshot of ranges of so many consumers."""
    cpfs = tables["cliente"]["cpf"]
    bounds = [None, *(cpfs[i].as_py() for i in range(range_size, len(cpfs), range_size)), None]
    ranges = [CpfRange(i, *pair) for i, pair in enumerate(itertools.pairwise(bounds))]
    store = ArtifactStore(lake)
    write_plan(store, RUN.snapshot_id, ranges)
    for cpf_range in ranges:
        write_extraction(store, RUN.snapshot_id, cpf_range.index, _cut(tables, cpf_range), as_of=as_of)
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
