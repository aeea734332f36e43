"""Which reference dates a command takes: days that have ended in São Paulo, within living memory."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from contracts.errors import UsageError
from contracts.reference_date import REFERENCE_ZONE
from contracts.settings import Settings
from contracts.table_declaration import Table
from contracts.tables import CLIENTE, DIVIDA
from extract.first_data import first_date_if_later
from flows.databases import open_engine

EARLIEST = date(1960, 1, 1)
"""Before it no store holds a fact; a year typed wrong is the likelier reason."""


def yesterday(now: datetime | None = None) -> date:
    """Return the last day that has ended in São Paulo.

    >>> yesterday(datetime(2026, 1, 1, 2, tzinfo=UTC))
    datetime.date(2025, 12, 30)
    """
    return (now or datetime.now(UTC)).astimezone(REFERENCE_ZONE).date() - timedelta(days=1)


def check_reference_date(as_of: date, now: datetime) -> None:
    """Raise UsageError for a date that has not ended yet or lies before any record.

    >>> check_reference_date(date(2030, 1, 1), datetime(2026, 1, 1, tzinfo=UTC))
    Traceback (most recent call last):
    contracts.errors.UsageError: 2030-01-01 has not ended in São Paulo: the latest reference date is 2025-12-30
    """
    if as_of > yesterday(now):
        raise UsageError(f"{as_of} has not ended in São Paulo: the latest reference date is {yesterday(now)}")
    if as_of < EARLIEST:
        raise UsageError(f"{as_of} lies before {EARLIEST}: no store holds facts of that time")


def check_consumers_known(settings: Settings, day: date, *, why: str) -> None:
    """Raise UsageError, with the first date that has data, if Base A knew nobody by the end of ``day``.

    ``why`` says, as the end of a sentence, what the day is needed for. An empty Base A passes: gates judge it.
    """
    _check_known(settings, CLIENTE, day, f"{day} lies before all data, and is {why}: Base A knows its first consumer")


def check_debts_known(settings: Settings, day: date) -> None:
    """Raise UsageError, with the first date that has some, if Base A knew no debt by the end of ``day``."""
    _check_known(settings, DIVIDA, day, f"by {day} no debt is known to learn from: Base A knows its first")


def _check_known(settings: Settings, table: Table, day: date, told: str) -> None:
    with open_engine(settings, "base_a_url") as base_a:
        first = first_date_if_later(base_a, table, day)
    if first is not None:
        raise UsageError(f"{told} from {first} on")
