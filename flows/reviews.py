"""Requests for review of scores: listed and concluded, each a read of persons' data and recorded as such."""

from __future__ import annotations

from collections.abc import Collection
from getpass import getuser
from uuid import UUID

from contracts.settings import Settings
from flows.databases import reached_engine
from serve.auditing.audit_rows import add_to_transaction
from serve.auditing.direct import record_now
from serve.auditing.entry import AuditEntry
from serve.published.person_hash import PersonHash
from stores import reviews

LISTED, CLOSED = "reviews list", "reviews close"
"""What is entered in ``auditoria``."""
PURPOSE = "revisao"


def list_requests(settings: Settings, *, only_open: bool, limit: int) -> list[reviews.Review]:
    """Return requests, the oldest first, once it is on record whose were looked at."""
    with reached_engine(settings.require("results_url", "cache_key"), "results_url") as engine:
        found = reviews.list_reviews(engine, only_open=only_open, limit=limit)
        record_now(engine, _entry(settings, LISTED, found))
    return found


def close_request(settings: Settings, review_id: UUID, outcome: reviews.Outcome) -> reviews.Review:
    """Enter what became of an open request and return it; UsageError if none is open under that id."""
    store = reached_engine(settings.require("results_url", "cache_key"), "results_url")
    with store as engine, engine.begin() as connection:  # concluded and on record, or neither
        done = reviews.close_review(connection, review_id, outcome)
        add_to_transaction(connection, _entry(settings, CLOSED, [done]))
    return done


def _entry(settings: Settings, what: str, found: Collection[reviews.Review]) -> AuditEntry:
    hashes = PersonHash.from_settings(settings)
    persons = dict.fromkeys(hashes.subject_by_client(one.cliente_id) for one in found)
    return AuditEntry(getuser(), list(persons), what, PURPOSE, 200, "")
