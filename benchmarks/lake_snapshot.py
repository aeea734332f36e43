"""A lake as a run's extraction leaves it, written directly: the sizes at which loading the stores would take hours.

    python -m benchmarks.lake_snapshot var/bancada --consumers 1000000 [--events 20] [--range-size 10000]

Consumers and their records are those of ``population``, block by block, checked by ``extract`` as if a store had
returned them: the same plan, tables, rejects, counts and manifests. CPFs alone are dealt differently: in rising order,
so that a range is a run of blocks and memory holds one range a process, whatever the number of consumers.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.artifacts import ArtifactStore
from contracts.cpf import check_digits
from contracts.errors import UsageError
from contracts.extraction import REJECTS_SCHEMA, CpfRange, Extraction, TableCounts
from contracts.settings import MAX_OVERLAP_DAYS
from contracts.table_declaration import Column, Kind, Store, Table
from contracts.tables import TABLES, tables_of
from extract.conversion import convert_column
from extract.extraction import check_extracted
from extract.lake import snapshot_path, write_extraction
from extract.records import Decoded, Records, concat_records
from flows.run_plan import RunIdentity, read_plan, write_plan
from population.blocks import CleanBlock, draw_clean_block
from population.cpf_numbers import CpfIssuer
from population.months import IntArray, MonthGrid
from population.parameters import BLOCK_SIZE, PopulationParameters
from population.raw_schema import CENTS

AS_OF = date(2025, 6, 30)
SEED = 20261122
MEAN_EVENTS = 20.0
RANGE_SIZE = 10_000
RUN_ID = UUID("01900000-0000-7000-8000-000000000000")
MODEL_VERSION = "bancada"
RUN = RunIdentity(RUN_ID, AS_OF, MODEL_VERSION)
"""The run whose snapshot it is; a lake holds one."""

_PREFIXES = 10**8
_REPDIGIT = 11_111_111
_POWERS = 10 ** np.arange(8, -1, -1)


@dataclass(frozen=True, slots=True)
class SnapshotSize:
    """What decides a snapshot's bytes; ``events`` is the mean number of Base C documents a consumer."""

    consumers: int
    range_size: int = RANGE_SIZE
    events: float = MEAN_EVENTS
    seed: int = SEED

    def __post_init__(self) -> None:
        if self.range_size % BLOCK_SIZE or not 0 < self.consumers <= _PREFIXES // 2:
            raise UsageError(f"ranges are whole blocks of {BLOCK_SIZE:,} consumers, {_PREFIXES // 2:,} at most in all")

    @property
    def ranges(self) -> int:
        """Return the number of CPF ranges."""
        return -(-self.consumers // self.range_size)

    @property
    def population(self) -> PopulationParameters:
        """Return the population that the consumers come from."""
        return PopulationParameters(self.consumers, self.seed, AS_OF, mean_events=self.events)


class RisingCpfIssuer(CpfIssuer):
    """Gives consumer i a valid CPF above that of consumer i - 1, in the fiscal region that it would have anyway."""

    def __init__(self, seed: int, consumers: int) -> None:
        super().__init__(seed)
        self._gap = _PREFIXES // consumers

    def cpfs(self, consumers: IntArray) -> npt.NDArray[np.bytes_]:
        """Return each consumer's CPF, eleven ASCII digits (dtype S11)."""
        region = self.regions(consumers)
        prefix = consumers * self._gap + consumers * 2_654_435_761 % self._gap
        repeated = prefix == region * _REPDIGIT  # eleven equal digits are never issued
        prefix = np.where(repeated, consumers * self._gap + (prefix + 1) % self._gap, prefix)
        nine = (prefix * 10 + region)[:, None] // _POWERS % 10
        digits = np.column_stack([nine, check_digits(nine)])
        return np.ascontiguousarray(digits.astype(np.uint8) + ord("0")).view("S11").ravel()


def write_snapshot(
    lake: ArtifactStore,
    size: SnapshotSize,
    *,
    workers: int = 1,
    origin: str = "",
    report: Callable[[int], None] = lambda _: None,
) -> None:
    """Write plan, ranges and strays of ``RUN``'s snapshot; ``report`` hears the number of finished ranges.

    ``origin`` is the digest of the stores that it is to be taken for the snapshot of: with it an incremental run may
    start from it (``flows.base_snapshot.origin_of``).
    """
    indexes = range(size.ranges)
    work = partial(write_range, lake.root, size)
    if workers == 1:
        finished = map(work, indexes)
        _exhaust(finished, report)
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            _exhaust(pool.map(work, indexes), report)
    write_extraction(lake, RUN.snapshot_id, None, _nothing(), as_of=AS_OF)
    write_plan(lake, RUN.snapshot_id, plan(size), origin=origin)


def obtain_snapshot(root: Path, size: SnapshotSize, *, workers: int) -> ArtifactStore:
    """Return the lake at ``root``, after writing the snapshot unless one of as many ranges stands there whole."""
    lake = ArtifactStore(root)
    planned = read_plan(lake, RUN.snapshot_id)
    if planned != plan(size) or _consumers_held(lake, size.ranges) != size.consumers:
        write_snapshot(lake, size, workers=workers)
    return lake


def plan(size: SnapshotSize) -> tuple[CpfRange, ...]:
    """Return the CPF ranges, each bounded by its first consumer's CPF."""
    firsts = np.arange(1, size.ranges, dtype=np.int64) * size.range_size
    bounds = [cpf.decode() for cpf in RisingCpfIssuer(size.seed, size.consumers).cpfs(firsts).tolist()]
    edges = [None, *bounds, None]
    return tuple(CpfRange(index, lower, upper) for index, (lower, upper) in enumerate(pairwise(edges)))


def write_range(root: str, size: SnapshotSize, index: int) -> int:
    """Write one range of the snapshot and return its index; any process may."""
    first = index * size.range_size
    count = min(size.range_size, size.consumers - first)
    extraction = check_extracted(_draw_records(size, first, count), as_of=AS_OF)
    write_extraction(ArtifactStore(root), RUN.snapshot_id, index, extraction, as_of=AS_OF)
    return index


def _draw_records(size: SnapshotSize, first: int, count: int) -> dict[str, Records]:
    """Return the records of consumers ``first`` to ``first + count``, as the readers of the stores return them."""
    issuer, grid = RisingCpfIssuer(size.seed, size.consumers), MonthGrid(AS_OF, size.population.months)
    blocks = range(first // BLOCK_SIZE, -(-(first + count) // BLOCK_SIZE))
    parts: dict[str, list[Records]] = {table.name: [] for table in TABLES}
    for block in blocks:
        clean = draw_clean_block(size.population, block, issuer=issuer, grid=grid)
        limit = first + count - block * BLOCK_SIZE
        for table in TABLES:
            parts[table.name].append(_records(table, clean, limit=limit))
    return {name: concat_records(found) for name, found in parts.items()}


def _records(table: Table, clean: CleanBlock, *, limit: int) -> Records:
    """Return a block's records of the first ``limit`` consumers."""
    owners = clean.owners[table.name]
    kept = int(np.searchsorted(owners, limit))
    raw = clean.tables[table.name].slice(0, kept).combine_chunks()
    columns = {"cpf": Decoded(clean.consumers.cpfs.take(pa.array(owners[:kept])))}
    columns |= {column.name: _decoded(table, column, raw) for column in table.read_columns if column.name != "cpf"}
    keys = columns[table.key].values if table.key in columns else _row_keys(kept)
    return Records(table, columns, keys)


def _decoded(table: Table, column: Column, raw: pa.Table) -> Decoded:
    if column.kind is Kind.MONEY and table.store is Store.C:
        return Decoded(raw[CENTS].combine_chunks())
    return convert_column(column.kind, raw[column.name].combine_chunks())


def _row_keys(count: int) -> pa.Array:
    """Return keys in the order of the rows: they only tell which of two equal documents is the first."""
    return pc.utf8_lpad(pa.array(np.arange(count)).cast(pa.string()), 24, "0")


def _nothing() -> Extraction:
    return Extraction(
        tables={table.name: table.lake_schema.empty_table() for table in TABLES},
        rejects=REJECTS_SCHEMA.empty_table(),
        counts={table.name: TableCounts() for table in TABLES},
        heads={table.name: (0,) * (MAX_OVERLAP_DAYS + 1) for table in tables_of(Store.C)},
    )


def _consumers_held(lake: ArtifactStore, ranges: int) -> int | None:
    held = 0
    for index in range(ranges):
        manifest = lake.read_manifest(snapshot_path(RUN.snapshot_id, index))
        if manifest is None:
            return None
        held += manifest.files["cliente.parquet"].rows or 0
    return held


def _exhaust(finished: Sequence[int] | map[int], report: Callable[[int], None]) -> None:
    for done, _ in enumerate(finished, start=1):
        report(done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", type=Path)
    parser.add_argument("--consumers", type=int, default=100_000)
    parser.add_argument("--events", type=float, default=MEAN_EVENTS)
    parser.add_argument("--range-size", type=int, default=RANGE_SIZE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    size = SnapshotSize(args.consumers, args.range_size, args.events, args.seed)
    lake, started = ArtifactStore(args.lake), time.perf_counter()
    write_snapshot(lake, size, workers=args.workers, report=lambda done: print(f"\r{done}/{size.ranges}", end=""))
    records = rows = 0
    for index in range(size.ranges):
        manifest = lake.read_manifest(snapshot_path(RUN.snapshot_id, index))
        assert manifest is not None
        records += sum(entry.rows or 0 for entry in manifest.files.values())
        rows += sum(entry.size for entry in manifest.files.values())
    seconds = time.perf_counter() - started
    print(f"\n{size.consumers:,} consumers, {records:,} records, {rows / 2**20:,.0f} MiB in {seconds:.1f} s")


if __name__ == "__main__":
    main()
