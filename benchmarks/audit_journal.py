"""What one record of the audit costs: in the journal, against the bare write of its bytes and against PostgreSQL.

Usage: python -m benchmarks.audit_journal [postgresql+psycopg2://...results]; without a URL PostgreSQL is left out.
The rows go to the table `auditoria` of that database: give one that may be thrown away. Times are medians of
rounds in turn, in microseconds a record; what counts is how they compare within one run.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from serve.auditing.direct import DirectAudit
from serve.auditing.entry import AuditEntry
from serve.auditing.journal import AuditJournal
from serve.auditing.journal_format import encode_entry
from serve.auditing.shipper import AuditShipper
from serve.sources.sql_store import SqlStore

ROUNDS = 9
WAITING = 100
Trial = Callable[[int], Awaitable[None]]


def make_entry(persons: int = 1) -> AuditEntry:
    subjects = [f"cliente:{person:032x}" for person in range(persons)]
    identifier = "019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f"
    return AuditEntry("banco-exemplo", subjects, "/clientes/{cliente_id}/score", "analise de credito", 200, identifier)


class Trials:
    """Each way of keeping a record, as a function of how many to keep."""

    def __init__(self, folder: Path) -> None:
        self.journal = AuditJournal(folder / "a", max_bytes=1 << 40)
        self.synced = AuditJournal(folder / "b", max_bytes=1 << 40, fsync=True)
        self.journal.open()
        self.synced.open()
        self.file = os.open(folder / "c", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.bytes = {persons: encode_entry(make_entry(persons), 0) for persons in (1, 1000)}

    async def write(self, records: int, *, persons: int = 1, sync: bool = False) -> None:
        for _ in range(records):
            os.write(self.file, self.bytes[persons])
            if sync:
                os.fdatasync(self.file)

    async def record(self, records: int) -> None:
        for _ in range(records):
            await self.journal.record(make_entry())

    async def record_many(self, records: int) -> None:
        entry = make_entry(1000)
        for _ in range(records):
            await self.journal.record(entry)

    async def record_synced(self, records: int) -> None:
        for _ in range(records):
            await self.synced.record(make_entry())

    async def record_synced_together(self, records: int) -> None:
        async def one_client() -> None:
            await self.record_synced(records // WAITING)

        await asyncio.gather(*(one_client() for _ in range(WAITING)))


async def measure(trials: dict[str, tuple[Trial, int]]) -> dict[str, float]:
    """Return the median microseconds a record of each trial, run in turn."""
    times: dict[str, list[float]] = {name: [] for name in trials}
    for _ in range(ROUNDS):
        for name, (trial, records) in trials.items():
            began = time.perf_counter()
            await trial(records)
            times[name].append((time.perf_counter() - began) / records * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


async def compare(folder: Path, url: str | None) -> None:
    trials = Trials(folder)
    ways: dict[str, tuple[Trial, int]] = {
        "write of the same bytes (the floor)": (trials.write, 2000),
        "journal": (trials.record, 2000),
        "write, 1,000 persons": (lambda n: trials.write(n, persons=1000), 100),
        "journal, 1,000 persons": (trials.record_many, 100),
        "write and fdatasync each": (lambda n: trials.write(n, sync=True), 100),
        "journal with fsync, one at a time": (trials.record_synced, 100),
        f"journal with fsync, {WAITING} at a time": (trials.record_synced_together, 1000),
    }
    results = SqlStore(url, store="results", timeout=20) if url else None
    if results is not None:
        direct = DirectAudit(results)
        waiting = AuditJournal(folder / "d", max_bytes=1 << 40)

        async def insert(records: int) -> None:
            for _ in range(records):
                await direct.record(make_entry())

        async def record_and_ship(records: int) -> None:
            for _ in range(records):
                await waiting.record(make_entry())
            await AuditShipper(folder / "d", results).ship_all()

        waiting.open()
        ways["PostgreSQL, one at a time"] = (insert, 200)
        ways["journal, then shipped"] = (record_and_ship, 5000)
    found = await measure(ways)
    floor = found["write of the same bytes (the floor)"]
    print(f"{'':<36}{'µs a record':>12}{'to the floor':>14}")
    for name, value in found.items():
        print(f"{name:<36}{value:>12.1f}{value / floor:>13.1f}x")
    if results is not None:
        await results.close()


def main() -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:
        asyncio.run(compare(Path(folder), sys.argv[1] if len(sys.argv) > 1 else None))


if __name__ == "__main__":
    main()
