"""Connections to the stores: URL in, engine or client out, each with time limits.

A connection that fails surfaces as StoreUnavailableError naming the kind of store, the database, host and
port; a user or password never shows. MongoDB's and Redis's clients connect on first use, so their callers
wrap the use in `reaching`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
import sqlalchemy as sa
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.engine import URL

from contracts.errors import SettingsError, StoreUnavailableError
from stores.addresses import describe_url, oracle_options, postgres_options, reason_of
from stores.deadlines import call_within
from stores.url_options import check_mongo_options, check_redis_options

MONGO_READ_TIMEOUT_SECONDS = 120.0
"""One reply of an established connection: an aggregation may be slow where connecting may not."""

POOL_SIZE = 5

_SECRET_OPTIONS = ("password", "sslpassword")
"""Of libpq's, those that an engine's ``repr`` would tell if they stayed in its URL."""


def sql_engine(
    url: str, *, timeout: float, statement_timeout: float | None = None, application: str = "escore"
) -> sa.Engine:
    """Return an engine whose connections open within ``timeout`` seconds, or raise StoreUnavailableError.

    SettingsError if the URL's driver is not installed, or makes nothing of the URL.
    ``statement_timeout`` (seconds) is PostgreSQL's own, and the longest wait for one reply on Oracle.
    """
    try:
        parsed = sa.make_url(url)
    except (ValueError, sa.exc.SQLAlchemyError):
        raise _no_url(url) from None
    options: dict[str, Any] = {}
    if parsed.get_backend_name() == "postgresql":
        secrets = {name: parsed.query[name] for name in _SECRET_OPTIONS if name in parsed.query}
        parsed = parsed.difference_update_query(secrets)
        options = {**secrets, **postgres_options(timeout, statement_timeout, application)}
    elif parsed.get_backend_name() == "oracle":
        parsed, options = oracle_options(parsed)
    try:
        engine = sa.create_engine(
            parsed,
            connect_args=options,
            pool_pre_ping=True,
            pool_size=POOL_SIZE,
            max_overflow=2 * POOL_SIZE,
            hide_parameters=True,  # an error's text would quote them
        )
    except (sa.exc.NoSuchModuleError, ImportError):
        raise SettingsError([f"{describe_url(url)}: no driver for {parsed.drivername}:// is installed"]) from None
    except _refusals(parsed):
        raise _no_url(url) from None
    _bound_connecting(engine, parsed, timeout=timeout, statement_timeout=statement_timeout)
    return engine


def _no_url(url: str) -> SettingsError:
    return SettingsError([f"{describe_url(url)}: the driver makes nothing of this URL"])


def _refusals(url: URL) -> tuple[type[Exception], ...]:
    """Return what SQLAlchemy and the driver fail with when they make nothing of a URL, before anything is sent."""
    return (ValueError, TypeError, sa.exc.SQLAlchemyError, url.get_dialect().import_dbapi().Error)


def mongo_database(url: str, *, timeout: float) -> Database[dict[str, Any]]:
    """Return the database that the URL names; nothing is sent before the first use.

    Datetimes come back naive, in UTC. SettingsError if the URL names no database, or has an option that is not good.
    """
    _keep_commands_from_logs()
    milliseconds = int(timeout * 1000)
    check_mongo_options(url)
    client: MongoClient[dict[str, Any]] = MongoClient(
        url,
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds,
        socketTimeoutMS=int(max(timeout, MONGO_READ_TIMEOUT_SECONDS) * 1000),
        tz_aware=False,
        appname="escore",
    )
    try:
        return client.get_default_database()
    except ConfigurationError:
        client.close()
        problem = f"{describe_url(url)}: the URL names no database (mongodb://host:port/database)"
        raise SettingsError([problem]) from None


def redis_client(url: str, *, timeout: float) -> redis.Redis:
    """Return a client of the logical database that the URL names; nothing is sent before the first use.

    A connection that the server has dropped is opened again once; a reply that does not come is not awaited twice.
    SettingsError if the URL has an option that is not good.
    """
    check_redis_options(url)
    once = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=once, client_name="escore"
    )


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turn connection errors of any driver within the block into StoreUnavailableError for that URL."""
    try:
        yield
    except (ConnectionFailure, redis.ConnectionError, redis.TimeoutError, sa.exc.OperationalError, TimeoutError) as e:
        raise StoreUnavailableError(f"{describe_url(url)}: {reason_of(e)}") from None
    except OperationFailure as error:
        if error.code not in _MONGO_LOGIN_CODES:
            raise
        raise StoreUnavailableError(f"{describe_url(url)}: {reason_of(error)}") from None


_MONGO_LOGIN_CODES = (13, 18)


def _keep_commands_from_logs() -> None:
    """Keep pymongo's log of commands, which quotes filters and documents, silent whatever level all logs have."""
    logger = logging.getLogger("pymongo")
    if logger.getEffectiveLevel() < logging.WARNING:
        logger.setLevel(logging.WARNING)


def _bound_connecting(engine: sa.Engine, url: URL, *, timeout: float, statement_timeout: float | None) -> None:
    described = describe_url(url.render_as_string(hide_password=True))

    @sa.event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        try:
            connection = call_within(timeout, lambda: dialect.connect(*arguments, **options))
        except (dialect.loaded_dbapi.Error, TimeoutError, OSError) as error:
            raise StoreUnavailableError(f"{described}: {reason_of(error)}") from None
        if dialect.name == "oracle" and statement_timeout is not None:
            connection.call_timeout = int(statement_timeout * 1000)
        return connection
