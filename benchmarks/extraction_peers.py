"""Extraction of every CPF range from the three live stores: ours, the floor, and a pandas script.

Embedded stores are started in a temporary folder and populated (minutes); each contender then reads everything in a
process of its own, once its connections and imports are paid:

- ours: `extract_range` of every range, checked, in Arrow;
- the floor: the same queries over the same ranges by the driver's fastest call, nothing computed (`extraction`);
- the floor with MongoDB's replies taken as they lie in the socket, which is less than the driver's own call does;
- pandas: whole tables by `read_sql` through SQLAlchemy and `DataFrame(list(find()))`, unchecked.

Measured by ``python -m benchmarks --steps extraction``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from benchmarks.extraction import copied, patient_settings, populated, projection, raw_batches, reply_arrays
from benchmarks.measured_process import run_module, tell, timed
from benchmarks.run_memory import AS_OF
from benchmarks.table.figures import FLOOR, OURS, Run
from benchmarks.table.rounds import Entrant, Outcome, Report
from contracts.extraction import CpfRange
from contracts.table_declaration import Store
from contracts.tables import tables_of
from extract import base_a, base_b, base_c
from extract.extraction import extract_range
from extract.partitions import plan_ranges
from extract.sources import Sources
from flows.resources import open_sources

REPLIES = "floor-replies"
PANDAS = "pandas"
COPY_FORM = "binary"
EVERYBODY = CpfRange(0, None, None)


@contextmanager
def extraction_entrants(
    consumers: int, *, events: float, range_size: int, names: Collection[str], report: Report
) -> Iterator[list[Entrant]]:
    """Yield the contenders over stores that were loaded for them."""
    report(f"loading live stores with {consumers:,} consumers")
    with populated(consumers, events) as settings, TemporaryDirectory(prefix="escore-bench-") as folder:
        report("loaded")
        work = partial(_measure, var=Path(settings.var), range_size=range_size, folder=Path(folder))
        yield [Entrant(name, partial(work, name)) for name in WORKS if name in names]


def _measure(name: str, *, var: Path, range_size: int, folder: Path) -> Outcome:
    arguments = ["--work", name, "--var", var, "--range-size", range_size]
    found = run_module("benchmarks.extraction_peers", arguments, log=folder / "stderr.log")
    return Outcome(Run(found["wall"], found["cpu"], found["peak_mib"]), found["rows"], found["octets"])


def extract_all(sources: Sources, ranges: Collection[CpfRange]) -> dict[str, int]:
    """Extract every range as a run does; return how many records were read."""
    rows = 0
    for cpf_range in ranges:
        extraction = extract_range(sources, cpf_range, as_of=date.fromisoformat(AS_OF))
        rows += sum(counts.read for counts in extraction.counts.values())
    return {"rows": rows}


def move_all(
    sources: Sources, ranges: Collection[CpfRange], documents: Callable[[Sources, CpfRange], int]
) -> dict[str, int]:
    """Read the same rows and compute nothing; return the bytes that came."""
    octets = 0
    for cpf_range in ranges:
        octets += copied(sources.base_a, base_a.range_queries(cpf_range), COPY_FORM)
        octets += copied(sources.base_b, base_b.range_queries(cpf_range), COPY_FORM)
        octets += documents(sources, cpf_range)
    return {"octets": octets}


def read_frames(sources: Sources, _ranges: Collection[CpfRange]) -> dict[str, int]:
    """Read all tables and collections whole into pandas; return how many rows they hold."""
    frames = []
    for engine, queries_of in ((sources.base_a, base_a.range_queries), (sources.base_b, base_b.range_queries)):
        with engine.connect() as connection:
            frames += [pd.read_sql(query, connection) for query in queries_of(EVERYBODY).values()]
    for table in tables_of(Store.C):
        found = sources.base_c[table.name].find(base_c.range_filter(EVERYBODY), projection(table))
        frames.append(pd.DataFrame(list(found)))
    return {"rows": sum(map(len, frames))}


Work = Callable[[Sources, Collection[CpfRange]], dict[str, int]]
WORKS: dict[str, Work] = {
    OURS: extract_all,
    FLOOR: partial(move_all, documents=raw_batches),
    REPLIES: partial(move_all, documents=reply_arrays),
    PANDAS: read_frames,
}


def measure_here(name: str, var: Path, range_size: int) -> dict[str, Any]:
    """Do one contender's work in this process; return seconds, rows and bytes."""
    counted: dict[str, int] = {}
    with open_sources(patient_settings(var)) as sources:
        ranges = plan_ranges(sources.base_a, range_size=range_size)
        if name != PANDAS:
            WORKS[name](sources, ranges[:1])  # connections, imports and caches are paid before
        took = timed(lambda: counted.update(WORKS[name](sources, ranges)))
    return {**took, "rows": counted.get("rows"), "octets": counted.get("octets")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", choices=list(WORKS), required=True)
    parser.add_argument("--var", type=Path, required=True)
    parser.add_argument("--range-size", type=int, required=True)
    options = parser.parse_args()
    tell(measure_here(options.work, options.var, options.range_size))


if __name__ == "__main__":
    main()
