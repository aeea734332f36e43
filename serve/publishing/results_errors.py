"""PostgreSQL's failures while it is published to, as the engine's own: what may be tried again is told apart.

COPY speaks to the driver itself, so that its errors come as the driver's and all others as SQLAlchemy's. A driver's
message may quote a row, and is not passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg2
import sqlalchemy as sa

from contracts.errors import StoreUnavailableError

P = ParamSpec("P")
R = TypeVar("R")

_GONE = (psycopg2.OperationalError, psycopg2.InterfaceError, sa.exc.OperationalError, sa.exc.InterfaceError)


def results_reached(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function, failing with StoreUnavailableError where PostgreSQL went away, was busy or took too long.

    What a statement broke (a key, a type, a right) stays what it is.
    """

    @wraps(function)
    def reached(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except psycopg2.DatabaseError as error:
            if not (isinstance(error, _GONE) or type(error) is psycopg2.DatabaseError):  # libpq: no message
                raise
            raise _unavailable(error) from None
        except _GONE as error:
            raise _unavailable(error) from None

    return reached


def _unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"PostgreSQL (results): {type(getattr(error, 'orig', None) or error).__name__}")
