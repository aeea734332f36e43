"""The audit of reads (LGPD art. 37): who read which person's data, what, when and for what purpose.

The rows are committed before the answer leaves: no audit, no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from contracts.errors import StoreUnavailableError

_INSERT = sa.text(
    "INSERT INTO auditoria (consulente, sujeito, recurso, finalidade, resultado, requisicao_id)"
    " SELECT :consulente, sujeito, :recurso, :finalidade, :resultado, :requisicao_id"
    " FROM unnest(CAST(:sujeitos AS text[])) AS s (sujeito)"
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One reading of one or more persons' data; ``sujeitos`` are keyed hashes, ``recurso`` a route template."""

    consulente: str
    sujeitos: Sequence[str]
    recurso: str
    finalidade: str
    resultado: int
    requisicao_id: str


class AuditLog:
    """Appends to the table ``auditoria``, one row a person."""

    def __init__(self, results: sa.Engine) -> None:
        self._results = results

    async def record(self, entry: AuditEntry) -> None:
        """Commit the entry's rows; StoreUnavailableError if that cannot be done."""
        await run_in_threadpool(self.record_now, entry)

    def record_now(self, entry: AuditEntry) -> None:
        """Commit the entry's rows from the calling thread; StoreUnavailableError if that cannot be done."""
        values = {**asdict(entry), "sujeitos": list(entry.sujeitos)}
        try:
            with self._results.begin() as connection:
                connection.execute(_INSERT, values)
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
            raise StoreUnavailableError(f"PostgreSQL (results): audit: {type(error).__name__}") from None
