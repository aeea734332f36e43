"""From which date on Base A knows anybody: asked before a date's data is read, which takes hours to find nothing.

One row answers for every date that has data. The table is read through only to say, once a date has none, which have.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from contracts.reference_date import EARLIEST_DATE, REFERENCE_ZONE, cutoff_utc
from contracts.tables import CLIENTE
from extract.relational_tables import relation_of
from extract.store_errors import reading_engine

_CLIENTE = relation_of(CLIENTE)


def any_known_query(as_of: date) -> sa.Select[Any]:
    """Return the query of one row, if any consumer was known by the end of a date."""
    earlier = _CLIENTE.c.registrado_em.between(cutoff_utc(EARLIEST_DATE), cutoff_utc(as_of) - timedelta.resolution)
    return sa.select(_CLIENTE.c.registrado_em).where(earlier).limit(sa.literal_column("1"))


def first_known_query() -> sa.Select[Any]:
    """Return the query of the instant (UTC) since when the first consumer has been known."""
    return sa.select(sa.func.min(_CLIENTE.c.registrado_em)).where(_CLIENTE.c.registrado_em >= cutoff_utc(EARLIEST_DATE))


def first_date_if_later(base_a: sa.Engine, as_of: date) -> date | None:
    """Return the first date with data if ``as_of`` lies before it; None if it has data, or no date has."""
    with reading_engine(base_a), base_a.connect() as connection:
        if connection.execute(any_known_query(as_of)).first() is not None:
            return None
        first: datetime | None = connection.execute(first_known_query()).scalar()
    return None if first is None else first.replace(tzinfo=UTC).astimezone(REFERENCE_ZONE).date()
