"""PostgreSQL's failures while it is worked with, as the engine's own: what may be tried again is told apart.

COPY speaks to the driver itself, so that its errors come as the driver's and all others as SQLAlchemy's. A driver's
message may quote a row, and is not passed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import sqlalchemy as sa

from contracts.errors import StoreUnavailableError

_GONE = (psycopg2.OperationalError, psycopg2.InterfaceError)


@contextmanager
def results_reached() -> Iterator[None]:
    """Fail with StoreUnavailableError where PostgreSQL went away, was busy, took too long or gave a transaction up.

    A block or, as a decorator, a function. What a statement broke (a key, a type, a right) stays what it is.
    """
    try:
        yield
    except (psycopg2.Error, sa.exc.DBAPIError) as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if not (isinstance(cause, _GONE) or type(cause) is psycopg2.DatabaseError):  # libpq: no message
            raise
        raise StoreUnavailableError(f"PostgreSQL (results): {type(cause).__name__}") from None
