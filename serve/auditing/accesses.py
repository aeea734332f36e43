"""Who read a person's data in the last six months, newest first, from the table ``auditoria``.

Rule (Lei 12.414 art. 6 IV): a consumer may ask for all who had access to their data in the six months before.
A page costs the same however often a person was read and however deep it lies: each of the person's names in the
audit, by id and by CPF under every known key, is followed along its own index from where the page before ended.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from contracts.reference_date import add_months
from serve.auditing.audit_keys import keys_in_audit
from serve.published.person_hash import PersonHash
from serve.systems.source_tables import PESSOA

MONTHS = 6
MAX_PAGE_SIZE = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_ID = (1 << 63) - 1

_PAGE = sa.text(
    """
    SELECT of_one.* FROM unnest(CAST(:names AS text[])) AS n (name) CROSS JOIN LATERAL (
        SELECT id, momento, consulente, recurso, finalidade, resultado, titular FROM auditoria
        WHERE sujeito = n.name AND momento >= :since AND (momento, id) < (:moment, :id)
        ORDER BY momento DESC, id DESC LIMIT :limit
    ) AS of_one ORDER BY momento DESC, id DESC LIMIT :limit
    """
).bindparams(
    *(sa.bindparam(name, type_=sa.TIMESTAMP(timezone=True)) for name in ("since", "moment")),
    sa.bindparam("id", type_=sa.BigInteger),
)


_SCORED = sa.text(
    "SELECT cpf FROM score WHERE execucao_id = (SELECT id FROM execucao WHERE situacao = 'publicada')"
    " AND cliente_id = :client_id"
)


@dataclass(frozen=True, slots=True)
class Access:
    """One read of a person's data; ``is_titular`` if it was their own."""

    quando: datetime
    consulente: str
    recurso: str
    finalidade: str | None
    resultado: int
    titular: bool


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the next one's accesses are before this instant, or at it with a lower number."""

    moment: datetime
    id: int

    PATTERN = r"^[0-9]{1,17}-[0-9]{1,18}$"

    def __str__(self) -> str:
        return f"{(self.moment - _EPOCH) // _MICROSECOND}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Return the cursor of a text that ``str`` made; None if it did not."""
        if not re.fullmatch(cls.PATTERN, text):
            return None
        microseconds, _, number = text.partition("-")
        try:
            return cls(_EPOCH + int(microseconds) * _MICROSECOND, int(number))
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class AccessPage:
    """Accesses, newest first, since when they go back, and where the next page begins; None after the last."""

    accesses: Sequence[Access]
    since: datetime
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Subject:
    """A person by all names that the audit may know them by, and the keys of those names."""

    names: tuple[str, ...]
    hashes: PersonHash

    @classmethod
    def of(cls, hashes: PersonHash, client_id: str, cpf: str) -> Subject:
        """Return the names of the consumer with this id and CPF."""
        return cls((*hashes.all_by_client(client_id), *hashes.all_by_cpf(cpf)), hashes)


def read_cpf(connection: sa.Connection, client_id: str) -> str | None:
    """Return the CPF that Base B has under a consumer's id; None for an unknown one."""
    found: str | None = connection.scalar(sa.select(PESSOA.c.cpf).where(PESSOA.c.cliente_id == client_id))
    return found


def read_scored_cpf(connection: sa.Connection, client_id: str) -> str | None:
    """Return the CPF under which the run in force scored a consumer, whom Base B need not know; None for none."""
    found: str | None = connection.scalar(_SCORED, {"client_id": client_id})
    return found


def six_months_before(now: datetime) -> datetime:
    """Return the instant from which on accesses are listed.

    >>> six_months_before(datetime(2026, 8, 31, 12, tzinfo=UTC)).isoformat()
    '2026-02-28T12:00:00+00:00'
    """
    return datetime.combine(add_months(now.date(), -MONTHS), now.timetz())


def read_accesses(
    connection: sa.Connection, subject: Subject, *, now: datetime, before: Cursor | None = None, limit: int
) -> AccessPage:
    """Return a page of the accesses to a person's data, at most ``limit`` of them.

    SettingsError if the audit of these months names persons by a key that is not known here: the list would lack some.
    """
    since = six_months_before(now)
    alone = connection.execution_options(isolation_level="AUTOCOMMIT")
    subject.hashes.check_known(keys_in_audit(alone, since=since, known=subject.hashes))
    start = before or Cursor(now + timedelta(days=1), _LAST_ID)
    values: dict[str, Any] = {
        "names": list(subject.names),
        "since": since,
        "moment": start.moment,
        "id": start.id,
        "limit": limit + 1,
    }
    rows = alone.execute(_PAGE, values).all()
    shown = rows[:limit]
    following = Cursor(shown[-1].momento, shown[-1].id) if len(rows) > limit else None
    return AccessPage([Access(*row[1:]) for row in shown], since, following)
