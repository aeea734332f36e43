"""Who read a consumer's data, for the command line; the look at it is itself entered in the audit."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from getpass import getuser

import sqlalchemy as sa

from contracts.errors import ClientNotFoundError, UsageError
from contracts.settings import Settings
from flows.databases import open_engine
from serve.access.callers import is_purpose
from serve.auditing.accesses import AccessPage, Cursor, Subject, read_accesses, read_cpf
from serve.auditing.direct import record_now
from serve.auditing.entry import AuditEntry
from serve.published.person_hash import PersonHash
from stores.connections import reaching

RESOURCE = "audit list"
PURPOSE = "direito de acesso"
"""``finalidade`` unless another is given: a consumer asked who read their data (Lei 12.414 art. 6 IV)."""

SETTINGS = ("base_b_url", "results_url", "cache_key")


def list_accesses(
    settings: Settings, client_id: str, *, purpose: str = PURPOSE, before: Cursor | None, limit: int
) -> AccessPage:
    """Return a page of the accesses to a consumer's data in the last six months, and enter the look in the audit.

    UsageError for a purpose that is none, ClientNotFoundError if Base B does not know the consumer.
    """
    if not is_purpose(purpose):
        raise UsageError("finalidade: words of letters only, up to 80 characters, such as direito de acesso")
    settings = settings.for_api().require(*SETTINGS)
    hashes = PersonHash.from_settings(settings)
    with ExitStack() as stack:
        base_b, results = (stack.enter_context(open_engine(settings, name)) for name in ("base_b_url", "results_url"))
        with reaching(settings.secret("base_b_url")), base_b.connect() as connection:
            cpf = read_cpf(connection, client_id)
        _enter(results, hashes.subject_by_client(client_id), purpose=purpose, status=404 if cpf is None else 200)
        if cpf is None:
            raise ClientNotFoundError("Base B knows no consumer with that cliente_id")
        subject = Subject.of(hashes, client_id, cpf)
        with reaching(settings.secret("results_url")), results.connect() as connection:
            return read_accesses(connection, subject, now=datetime.now(UTC), before=before, limit=limit)


def _enter(results: sa.Engine, subject: str, *, purpose: str, status: int) -> None:
    entry = AuditEntry(
        consulente=getuser(),
        subjects=[subject],
        recurso=RESOURCE,
        finalidade=purpose,
        resultado=status,
        requisicao_id="",
    )
    record_now(results, entry)
