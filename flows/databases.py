"""One relational store opened by the name of its setting, with the settings' limits, and closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from contracts.settings import Settings
from stores.connections import reaching, sql_engine


@contextmanager
def open_engine(settings: Settings, name: str) -> Iterator[sa.Engine]:
    """Yield an engine on the store whose URL the setting ``name`` holds; SettingsError if it is not set."""
    engine = sql_engine(
        settings.secret(name),
        timeout=settings.store_timeout_seconds,
        statement_timeout=settings.statement_timeout_seconds,
    )
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def reached_engine(settings: Settings, name: str) -> Iterator[sa.Engine]:
    """Do the same for a block that speaks to this store alone: losing it is StoreUnavailableError, with its address."""
    with open_engine(settings, name) as engine, reaching(settings.secret(name)):
        yield engine
