"""From which date on Base A has records: asked before a date's data is read, which takes hours to find nothing.

One row answers for every date that has data. The table is read through only to say, once a date has none, which have.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from contracts.reference_date import EARLIEST_DATE, REFERENCE_ZONE, cutoff_utc
from contracts.table_declaration import Table
from extract.relational_tables import relation_of
from extract.store_errors import reading_engine


def any_known_query(table: Table, as_of: date) -> sa.Select[Any]:
    """Return the query of one row, if any record of a table was known by the end of a date."""
    known = _known_at(table)
    earlier = known.between(cutoff_utc(EARLIEST_DATE), cutoff_utc(as_of) - timedelta.resolution)
    return sa.select(known).where(earlier).limit(sa.literal_column("1"))


def first_known_query(table: Table) -> sa.Select[Any]:
    """Return the query of the instant (UTC) since when the first record of a table has been known."""
    known = _known_at(table)
    return sa.select(sa.func.min(known)).where(known >= cutoff_utc(EARLIEST_DATE))


def first_date_if_later(base_a: sa.Engine, table: Table, as_of: date) -> date | None:
    """Return the first date with records of a table if ``as_of`` lies before it; None if not, or if no date has any."""
    with reading_engine(base_a), base_a.connect() as connection:
        if connection.execute(any_known_query(table, as_of)).first() is not None:
            return None
        first: datetime | None = connection.execute(first_known_query(table)).scalar()
    return None if first is None else first.replace(tzinfo=UTC).astimezone(REFERENCE_ZONE).date()


def _known_at(table: Table) -> sa.Column[Any]:
    return relation_of(table).c[str(table.known_at)]
