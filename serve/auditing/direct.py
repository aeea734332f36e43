"""Records that PostgreSQL has committed before the answer leaves: for Lambda, commands, and machines without a disk."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa

from contracts.errors import StoreUnavailableError
from serve.auditing.audit_rows import add_entry
from serve.auditing.entry import AuditEntry, AuditLag
from serve.sources.sql_store import SqlStore


class DirectAudit:
    """Adds to ``auditoria`` itself; a read costs a round trip to PostgreSQL, and PostgreSQL down refuses it."""

    def __init__(self, results: SqlStore) -> None:
        self._results = results

    async def record(self, entry: AuditEntry) -> None:
        """Commit the entry's rows; StoreUnavailableError if that cannot be done."""
        if entry.subjects:
            await self._results.run(partial(add_entry, entry=entry))

    def lag(self) -> AuditLag:
        """Return that nothing waits."""
        return AuditLag()

    async def check(self) -> bool:
        """Return whether PostgreSQL answers."""
        return await self._results.check()

    async def open(self) -> None:
        """Need nothing."""

    async def close(self) -> None:
        """Leave the results to whoever gave them."""


def record_now(results: sa.Engine, entry: AuditEntry) -> None:
    """Commit an entry's rows from the calling thread; StoreUnavailableError if that cannot be done."""
    try:
        with results.connect() as connection:
            add_entry(connection, entry)
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        raise StoreUnavailableError(f"PostgreSQL (results): audit: {type(error).__name__}") from None
