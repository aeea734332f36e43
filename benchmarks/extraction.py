"""Client CPU of extracting every CPF range from the three live stores, beside that of moving the same rows.

    python -m benchmarks.extraction --consumers 20000

Starts embedded stores in a temporary folder and populates them (minutes), then measures, in turns and in this
process alone (the servers are others):

- ours: `extract_range` of every range, and what each store's part of it costs by itself, reading and converting;
- the floor: the same queries over the same ranges, read to the end by the driver's fastest call, nothing computed:
  `COPY ... TO STDOUT` in binary or text, whichever is cheaper, and `find_raw_batches`;
- for MongoDB also the arrays of documents as they lie in the replies, which is less than the driver's own call does.

Seconds are medians over the rounds; ratios are of medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from benchmarks.run_memory import AS_OF, escore
from benchmarks.temporary_stores import temporary_stores
from contracts.extraction import CpfRange
from contracts.settings import Settings, load_settings
from contracts.table_declaration import Store, Table
from contracts.tables import tables_of
from extract import base_a, base_b, base_c
from extract.extraction import extract_range
from extract.mongo_replies import find_arrays
from extract.partitions import plan_ranges
from extract.sources import Sources
from flows.resources import open_sources

PATIENCE_SECONDS = 60
COPY_FORMATS = ("binary", "text")
PART = "{}: read and converted"
FLOOR = "{}: floor"
REPLIES = "C: replies alone"
OURS = "extract_range, all three, checked"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one pass over all ranges took: this process's CPU, the clock, and bytes where they are counted."""

    cpu: float
    wall: float
    octets: int


class _Counter:
    """The cheapest sink of a COPY that still knows how much came."""

    def __init__(self) -> None:
        self.octets = 0

    def write(self, data: bytes) -> None:
        self.octets += len(data)


Pass = Callable[[CpfRange], int]


def copied(engine: sa.Engine, queries: Mapping[Table, base_a.Query], form: str) -> int:
    """Return how many bytes the queries' rows are in COPY's binary or text form."""
    sink = _Counter()
    with engine.connect() as connection:
        for query in queries.values():
            compiled = query.compile(dialect=connection.dialect)
            with connection.connection.cursor() as cursor:
                statement = cursor.mogrify(str(compiled), compiled.params).decode()
                cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT {form})", sink)
    return sink.octets


def raw_batches(sources: Sources, cpf_range: CpfRange) -> int:
    """Return how many bytes the driver's raw batches of a range are."""
    octets = 0
    for table in tables_of(Store.C):
        found = sources.base_c[table.name].find_raw_batches(
            base_c.range_filter(cpf_range), projection(table), batch_size=base_c.BATCH_DOCUMENTS
        )
        octets += sum(map(len, found))
    return octets


def reply_arrays(sources: Sources, cpf_range: CpfRange) -> int:
    """Return how many bytes the arrays in a range's replies are."""
    octets = 0
    for table in tables_of(Store.C):
        found = find_arrays(
            sources.base_c,
            table.name,
            base_c.range_filter(cpf_range),
            projection(table),
            batch_size=base_c.BATCH_DOCUMENTS,
        )
        octets += sum(map(len, found))
    return octets


def projection(table: Table) -> dict[str, int]:
    return {column.name: 1 for column in table.read_columns}


def passes(sources: Sources, *, as_of: date) -> dict[str, Pass]:
    """Return what is measured, by name; each does one range."""
    named: dict[str, Pass] = {}
    for name, engine, queries_of in (
        ("A", sources.base_a, base_a.range_queries),
        ("B", sources.base_b, base_b.range_queries),
    ):
        for form in COPY_FORMATS:
            named[f"{FLOOR.format(name)}, COPY {form}"] = _copier(engine, queries_of, form)
    named[f"{FLOOR.format('C')}, find_raw_batches"] = lambda cpf_range: raw_batches(sources, cpf_range)
    named[REPLIES] = lambda cpf_range: reply_arrays(sources, cpf_range)
    named[PART.format("A")] = lambda cpf_range: _uncounted(base_a.read_range(sources.base_a, cpf_range))
    named[PART.format("B")] = lambda cpf_range: _uncounted(base_b.read_range(sources.base_b, cpf_range))
    named[PART.format("C")] = lambda cpf_range: _uncounted(base_c.read_range(sources.base_c, cpf_range))
    named[OURS] = lambda cpf_range: _uncounted(extract_range(sources, cpf_range, as_of=as_of))
    return named


def _uncounted(_result: object) -> int:
    return 0


def _copier(engine: sa.Engine, queries_of: Callable[[CpfRange], dict[Table, base_a.Query]], form: str) -> Pass:
    return lambda cpf_range: copied(engine, queries_of(cpf_range), form)


def measure(done: Pass, ranges: Sequence[CpfRange]) -> Cost:
    """Return what one pass over all ranges costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    octets = sum(done(cpf_range) for cpf_range in ranges)
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, octets)


@contextmanager
def populated(consumers: int, events: float) -> Iterator[Settings]:
    """Yield the settings of stores that hold so many consumers; erase them at the end."""
    with temporary_stores() as settings:
        arguments = ("--clients", str(consumers), "--events", str(events), "--dirty", "0.01", "--as-of", AS_OF)
        escore(settings.var, "populate", *arguments, "--replace")
        yield patient_settings(settings.var)


def patient_settings(var: Path) -> Settings:
    """Return the settings of running stores, with time for a server that has little of a shared machine's."""
    return load_settings({"var": var, "store_timeout_seconds": PATIENCE_SECONDS})


def run(settings: Settings, *, rounds: int, range_size: int) -> None:
    """Measure and print."""
    costs: dict[str, list[Cost]] = defaultdict(list)
    with open_sources(settings) as sources:
        ranges = plan_ranges(sources.base_a, range_size=range_size)
        named = passes(sources, as_of=date.fromisoformat(AS_OF))
        for done in named.values():  # connections, imports and caches are paid before
            done(ranges[0])
        for number in range(rounds):
            for name, done in named.items() if number % 2 == 0 else reversed(named.items()):
                costs[name].append(measure(done, ranges))
                print(f"round {number + 1}, {name}: {costs[name][-1].cpu:.3f} s of CPU", file=sys.stderr, flush=True)
    print(f"{len(ranges)} ranges, {rounds} rounds; medians")
    print(f"{'what':<36}{'CPU s':>8}{'wall s':>8}{'MB':>8}")
    for name, every in costs.items():
        wall, octets = statistics.median(cost.wall for cost in every), every[0].octets
        print(f"{name:<36}{_cpu(every):>8.3f}{wall:>8.2f}{octets / 1e6 if octets else float('nan'):>8.1f}")
    print_ratios(costs)


def print_ratios(costs: Mapping[str, Sequence[Cost]]) -> None:
    """Print the CPU of ours over the floor's, for each store and in all."""
    floors = {
        store: min(_cpu(every) for name, every in costs.items() if name.startswith(FLOOR.format(store)))
        for store in "ABC"
    }
    for store, floor in floors.items():
        print(f"{store}: read and converted / floor = {_cpu(costs[PART.format(store)]) / floor:.2f}")
    ours, replies = _cpu(costs[OURS]), floors["A"] + floors["B"] + _cpu(costs[REPLIES])
    print(f"in all: extract_range / floor = {ours / sum(floors.values()):.2f}")
    print(f"in all: extract_range / floor with the replies alone for MongoDB = {ours / replies:.2f}")


def _cpu(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu for cost in costs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consumers", type=int, default=20_000)
    parser.add_argument("--events", type=float, default=20, help="mean Base C events a consumer in 36 months")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--range-size", type=int, default=10_000)
    parser.add_argument("--var", type=Path, help="folder of stores that run and hold a population already")
    options = parser.parse_args()
    if options.var is not None:
        run(patient_settings(options.var), rounds=options.rounds, range_size=options.range_size)
        return
    with populated(options.consumers, options.events) as settings:
        run(settings, rounds=options.rounds, range_size=options.range_size)


if __name__ == "__main__":
    main()
