"""Adds a month of the audit to the archive, which nobody can change: ``python archive_audit.py [2026-10]``.

One object a day, ``auditoria/2026-10/2026-10-31.csv.gz``, also for a day without a line, so that a missing day shows.
Without a month, the last whole one. Days are those of UTC, as ``auditoria.momento`` is. The login is the auditor's,
who reads; the task's role may add to ``auditoria/`` and nothing else. A second time adds a version beside the first.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from s3_objects import SECONDS, Place, put_file, signed_headers, task_credentials

FOLDER = "auditoria"
LINES = (
    "copy (select * from auditoria where momento >= {} and momento < {} order by momento, id) "
    "to stdout (format csv, header)"
)
Put = Callable[[str, Path], None]


def month_before(today: date) -> str:
    """Return the last whole month.

    >>> month_before(date(2026, 1, 5))
    '2025-12'
    """
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"


def days_of(month: str) -> Iterator[date]:
    """Yield the days of a month; ValueError if it is none."""
    day = date.fromisoformat(f"{month}-01")
    while f"{day:%Y-%m}" == month:
        yield day
        day += timedelta(days=1)


def archive(connection: Any, month: str, put: Put, *, folder: Path) -> list[dict[str, object]]:
    """Put every day of a month, written below ``folder`` before; return each day's key, lines, bytes and digest."""
    connection.execute("set time zone 'UTC'")
    told = []
    for day in days_of(month):
        file = folder / f"{day}.csv.gz"
        lines = _write(connection, day, file)
        key = f"{FOLDER}/{month}/{file.name}"
        put(key, file)
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        told.append({"key": key, "lines": lines, "bytes": file.stat().st_size, "sha256": digest})
        file.unlink()
    return told


def _write(connection: Any, day: date, file: Path) -> int:
    """Write a day's lines, and return how many the table had."""
    from psycopg import sql  # noqa: PLC0415 - the tests of dates need no driver

    query = sql.SQL(LINES).format(sql.Literal(day.isoformat()), sql.Literal((day + timedelta(days=1)).isoformat()))
    with connection.cursor() as cursor, gzip.GzipFile(file, "wb", mtime=0) as packed:
        with cursor.copy(query) as copied:
            for block in copied:
                packed.write(block)
        return int(cursor.rowcount)


def main(environment: Mapping[str, str], month: str) -> None:
    """Archive a month, and print a line a day."""
    import psycopg  # noqa: PLC0415

    place = Place(environment["ARCHIVE_BUCKET"], environment["AWS_REGION"])

    def put(key: str, file: Path) -> None:
        now = datetime.now(UTC)
        headers = signed_headers(place, key, credentials=task_credentials(environment), content=file, now=now)
        put_file(http.client.HTTPSConnection(place.host, timeout=SECONDS), key, file, headers)

    with psycopg.connect(environment["AUDIT_URL"]) as connection, TemporaryDirectory() as folder:
        for told in archive(connection, month, put, folder=Path(folder)):
            sys.stdout.write(json.dumps({"archived": told}) + "\n")


if __name__ == "__main__":
    main(os.environ, sys.argv[1] if len(sys.argv) > 1 else month_before(datetime.now(UTC).date()))
