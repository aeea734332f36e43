"""The time of the API's answers: the UTC instant is passed in; the day is São Paulo's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeAlias

from contracts.reference_date import REFERENCE_ZONE

Clock: TypeAlias = Callable[[], datetime]
"""Returns the present instant, with its zone."""


def system_clock() -> datetime:
    """Return the machine's present instant in UTC."""
    return datetime.now(UTC)


def local_day(clock: Clock) -> date:
    """Return the present day in São Paulo."""
    return clock().astimezone(REFERENCE_ZONE).date()


def naive_utc(clock: Clock) -> datetime:
    """Return the present instant as the stores hold instants: UTC without a zone."""
    return clock().astimezone(UTC).replace(tzinfo=None)
