"""A process that answers as the API does: each request is recorded in the journal, and acknowledged when it is.

``python -m tests.audit_worker FOLDER [--fsync] [--ship]`` prints its port. A request is a line with a number; so is
its answer, or ``-`` where the record was refused. With ``--ship`` the process ships too, to SCORE_RESULTS_URL.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from contracts.errors import StoreUnavailableError
from serve.auditing.entry import AuditSink
from serve.auditing.journal import AuditJournal
from tests.audit_samples import entry

SEGMENT_BYTES = 100_000
"""Short enough that a process under load begins several before it is killed."""


def subjects_of(number: int) -> int:
    """Return how many persons a request is about: now and then many, so that records of all lengths are torn."""
    return 400 if number % 97 == 0 else 1 + number % 3


async def make_sink(folder: Path, *, fsync: bool, ship: bool) -> AuditJournal | AuditSink:
    journal = AuditJournal(folder, fsync=fsync, segment_bytes=SEGMENT_BYTES)
    if not ship:
        journal.open()
        return journal
    from contracts.settings import load_settings  # noqa: PLC0415 - a process that does not ship starts at once
    from serve.auditing.shipper import AuditShipper  # noqa: PLC0415
    from serve.auditing.sink import ShippedJournal, shipping_store  # noqa: PLC0415

    results = shipping_store(load_settings())
    sink = ShippedJournal(journal, AuditShipper(folder, results, own=lambda: journal.path), results)
    await sink.open()
    return sink


async def main(arguments: list[str]) -> None:
    sink = await make_sink(Path(arguments[0]), fsync="--fsync" in arguments, ship="--ship" in arguments)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            number = int(line)
            try:
                await sink.record(entry(number, subjects=subjects_of(number), momento=datetime.now(UTC)))
            except StoreUnavailableError:
                line = b"-\n"
            writer.write(line)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
