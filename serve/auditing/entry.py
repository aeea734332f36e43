"""One read of persons' data as the audit keeps it, and what takes such records (LGPD art. 37).

Rule: no audit, no answer. A sink's ``record`` returns only when the record will outlive this process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

_NUL, _REPLACEMENT = "\x00", "\ufffd"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One reading of one or more persons' data.

    ``consulente`` is who asked, ``subjects`` are the persons' keyed hashes, ``recurso`` is a route's template,
    ``titular`` says whether a person read their own, ``momento`` is the instant of the read, with its zone.
    """

    consulente: str
    subjects: Sequence[str]
    recurso: str
    finalidade: str
    resultado: int
    requisicao_id: str
    titular: bool = False
    momento: datetime = field(default_factory=_now)


@dataclass(frozen=True, slots=True)
class AuditLag:
    """What is recorded on this disk and not yet in PostgreSQL: bytes, and the age of the oldest record."""

    bytes_waiting: int = 0
    oldest_seconds: float = 0.0


class AuditSink(Protocol):
    """Takes the record of a read before its answer leaves."""

    async def record(self, entry: AuditEntry) -> None:
        """Keep one row a subject; StoreUnavailableError if that cannot be done: then nothing may be answered."""

    def lag(self) -> AuditLag:
        """Return how far PostgreSQL is behind."""

    async def check(self) -> bool:
        """Return whether a record could be kept now."""

    async def open(self) -> None:
        """Begin; SettingsError if the place of the records cannot be written."""

    async def close(self) -> None:
        """Take no more records, and hand over what is waiting, within a few seconds."""


def storable(text: str) -> str:
    r"""Return a text as PostgreSQL can hold it: without NUL and lone surrogates.

    >>> storable("banco\x00\ud800") == "banco\ufffd?"
    True
    """
    return text.encode("utf-8", "replace").decode().replace(_NUL, _REPLACEMENT)
