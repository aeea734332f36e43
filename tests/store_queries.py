"""A statement on one of an installation's stores, in a connection of its own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from contracts.settings import Settings
from stores.connections import sql_engine


def query(settings: Settings, sql: str, *, store: str = "results_url", **values: object) -> list[Any]:
    """Return the rows of a statement, none if it gives none; what it changes is committed. ``store`` is a setting."""
    engine = sql_engine(settings.secret(store), timeout=10)
    try:
        with engine.begin() as connection:
            result = connection.execute(sa.text(sql), values)
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()
