"""Dates of PostgreSQL that Python has none for (``infinity``, before Christ, after 9999): null, not an error.

The driver refuses the whole answer for one such value, and with it the other ninety-nine consumers of a page.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from psycopg import DataError
from psycopg.abc import Buffer
from psycopg.types.datetime import DateLoader


class TolerantDateLoader(DateLoader):
    """Reads a date as the driver does, and as None what is none to Python."""

    def load(self, data: Buffer) -> date | None:  # type: ignore[override]
        """Return the date, or None."""
        try:
            return super().load(data)
        except DataError:
            return None


def take_any_date(engine: sa.Engine) -> None:
    """Have the connections that the engine opens read dates so."""
    sa.event.listen(engine, "connect", _register)


def _register(connection: Any, _record: Any) -> None:
    connection.driver_connection.adapters.register_loader("date", TolerantDateLoader)
