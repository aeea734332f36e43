"""Requests for review of scores: listed and concluded, each a read of persons' data and recorded as such."""

from __future__ import annotations

from collections.abc import Collection
from getpass import getuser
from uuid import UUID

import sqlalchemy as sa

from contracts.settings import Settings
from flows.databases import reached_engine
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
        _enter_in_audit(engine, settings, LISTED, found)
    return found


def close_request(settings: Settings, review_id: UUID, outcome: reviews.Outcome) -> reviews.Review:
    """Enter what became of an open request and return it; UsageError if none is open under that id."""
    with reached_engine(settings.require("results_url", "cache_key"), "results_url") as engine:
        done = reviews.close_review(engine, review_id, outcome)
        _enter_in_audit(engine, settings, CLOSED, [done])
    return done


def _enter_in_audit(engine: sa.Engine, settings: Settings, what: str, found: Collection[reviews.Review]) -> None:
    hashes = PersonHash.from_settings(settings)
    persons = dict.fromkeys(hashes.subject_by_client(one.cliente_id) for one in found)
    record_now(engine, AuditEntry(getuser(), list(persons), what, PURPOSE, 200, ""))
