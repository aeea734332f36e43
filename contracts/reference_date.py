"""The reference date: which instants it covers, in UTC, and the windows that end with it.

Rule (docs/explanation/what-is-known-as-of.md): a fact counts only if it was known by the end of ``as_of`` in
America/Sao_Paulo.
Instants are stored in UTC, so "known by then" is ``instant < cutoff_utc(as_of)``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

REFERENCE_ZONE = ZoneInfo("America/Sao_Paulo")
WINDOWS_DAYS = (30, 90, 180, 365)
"""Event windows in days, counted back from the cutoff."""

LONGEST_WINDOW_DAYS = max(WINDOWS_DAYS)
PRESCRIPTION_YEARS = 5
"""A debt more than this many years past due feeds nothing (CDC art. 43 §1; Súmula 323 STJ)."""


EARLIEST_DATE = date(1900, 1, 1)
LATEST_DATE = date(2200, 12, 31)
"""A date of the stores outside these is a typing error (rule ``data_impossivel``)."""


def cutoff_utc(as_of: date) -> datetime:
    """Return the first instant after ``as_of`` ends in São Paulo, as a naive UTC datetime.

    >>> cutoff_utc(date(2025, 6, 30))
    datetime.datetime(2025, 7, 1, 3, 0)
    >>> cutoff_utc(date(1998, 12, 31))  # daylight saving time was in force
    datetime.datetime(1999, 1, 1, 2, 0)
    """
    midnight = datetime.combine(as_of + timedelta(days=1), time.min, tzinfo=REFERENCE_ZONE)
    return midnight.astimezone(UTC).replace(tzinfo=None)


def add_months(day: date, months: int) -> date:
    """Return ``day`` moved by whole months, its day clipped to the month's last.

    >>> add_months(date(2024, 1, 31), 1)
    datetime.date(2024, 2, 29)
    >>> add_months(date(2024, 2, 29), -12)
    datetime.date(2023, 2, 28)
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last_day = (first_of_next - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last_day))


def last_month_end(day: date) -> date:
    """Return the latest month's end that is not after ``day``.

    >>> last_month_end(date(2024, 10, 2)), last_month_end(date(2024, 2, 29))
    (datetime.date(2024, 9, 30), datetime.date(2024, 2, 29))
    """
    first_of_next_day = day + timedelta(days=1)
    return first_of_next_day.replace(day=1) - timedelta(days=1)


def prescription_date(as_of: date) -> date:
    """Return the oldest due date that may still feed anything: five years from it end on ``as_of`` or later.

    >>> prescription_date(date(2025, 6, 30))
    datetime.date(2020, 6, 30)
    >>> prescription_date(date(2024, 2, 29))  # five years from 28 February 2019 ended the day before
    datetime.date(2019, 3, 1)
    """
    oldest = add_months(as_of, -12 * PRESCRIPTION_YEARS)
    return oldest if oldest.day == as_of.day else oldest + timedelta(days=1)
