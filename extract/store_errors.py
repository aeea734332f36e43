"""Errors while a store is being read, as the engine's own: what may be tried again, and what may not.

A driver's message may quote the statement, and with it the bounds of a CPF range, so none is passed on:
the engine's error names the store, its address and the kind of failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pymongo.errors import OperationFailure, PyMongoError

from contracts.errors import StoreContractError, StoreUnavailableError
from stores.addresses import describe_url, reason_of

if TYPE_CHECKING:
    from pymongo.database import Database

_MONGO_RIGHTS_CODE = 13


@contextmanager
def reading_engine(engine: sa.Engine) -> Iterator[None]:
    """Turn a driver's errors within the block into StoreUnavailableError or StoreContractError.

    A missing table or column, a missing right or a value that the driver cannot take breaks the contract;
    everything else (a cut connection, a time limit, a restart) may be tried again.
    """
    driver = engine.dialect.loaded_dbapi
    try:
        yield
    except (sa.exc.DBAPIError, driver.Error) as error:
        cause = getattr(error, "orig", None) or error
        where = describe_url(engine.url.render_as_string(hide_password=True))
        state = getattr(cause, "pgcode", None) or type(cause).__name__
        if isinstance(cause, (driver.ProgrammingError, driver.DataError, driver.NotSupportedError)):
            raise StoreContractError(f"{where}: the query was refused ({state})") from None
        raise StoreUnavailableError(f"{where}: {reason_of(cause)} ({state})") from None


@contextmanager
def reading_mongo(database: Database[dict[str, Any]]) -> Iterator[None]:
    """Turn pymongo's errors within the block into StoreUnavailableError or StoreContractError."""
    try:
        yield
    except PyMongoError as error:
        servers = sorted(database.client.topology_description.server_descriptions())
        where = f"MongoDB {database.name} at {', '.join(f'{host}:{port}' for host, port in servers)}"
        if isinstance(error, OperationFailure) and error.code == _MONGO_RIGHTS_CODE:
            raise StoreContractError(f"{where}: no right to read") from None
        raise StoreUnavailableError(f"{where}: {reason_of(error)}") from None
