"""Connections to the stores: URL in, engine or client out, each with time limits.

A connection that fails surfaces as StoreUnavailableError naming the kind of store, the database, host and
port; a user or password never shows. MongoDB's and Redis's clients connect on first use, so their callers
wrap the use in `reaching`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import redis
import sqlalchemy as sa
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.engine import URL

from contracts.errors import SettingsError, StoreUnavailableError
from stores.deadlines import call_within

DEFAULT_PORTS = {"oracle": 1521, "postgresql": 5432, "mongodb": 27017, "redis": 6379, "rediss": 6379}
MONGO_READ_TIMEOUT_SECONDS = 120.0
"""One reply of an established connection: an aggregation may be slow where connecting may not."""

POOL_SIZE = 5
KEEPALIVE_SECONDS = 30


def sql_engine(
    url: str, *, timeout: float, statement_timeout: float | None = None, application: str = "escore"
) -> sa.Engine:
    """Return an engine whose connections open within ``timeout`` seconds, or raise StoreUnavailableError.

    SettingsError if the URL's driver is not installed.
    ``statement_timeout`` (seconds) is PostgreSQL's own, and the longest wait for one reply on Oracle.
    """
    parsed = sa.make_url(url)
    options: dict[str, Any] = {}
    if parsed.get_backend_name() == "postgresql":
        options = postgres_options(timeout, statement_timeout, application)
    try:
        engine = sa.create_engine(
            parsed, connect_args=options, pool_pre_ping=True, pool_size=POOL_SIZE, max_overflow=2 * POOL_SIZE
        )
    except (sa.exc.NoSuchModuleError, ImportError):
        raise SettingsError([f"{describe_url(url)}: no driver for {parsed.drivername}:// is installed"]) from None
    _bound_connecting(engine, parsed, timeout=timeout, statement_timeout=statement_timeout)
    return engine


def mongo_database(url: str, *, timeout: float) -> Database[dict[str, Any]]:
    """Return the database that the URL names; nothing is sent before the first use.

    Datetimes come back naive, in UTC. SettingsError if the URL names no database.
    """
    milliseconds = int(timeout * 1000)
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
    """
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
_STORE_NAMES = {
    "oracle": "Oracle",
    "postgresql": "PostgreSQL",
    "mongodb": "MongoDB",
    "redis": "Redis",
    "rediss": "Redis",
}


def describe_url(url: str) -> str:
    """Return kind, database and address of a store's URL, without user or password.

    >>> describe_url("postgresql+psycopg2://someone:secret@db.example:5433/base_b")
    'PostgreSQL base_b at db.example:5433'
    """
    parts = urlsplit(url)
    scheme = parts.scheme.split("+")[0]
    address = parts.netloc.rpartition("@")[2]
    if ":" not in address.rpartition("]")[2] and scheme in DEFAULT_PORTS:
        address = f"{address or 'localhost'}:{DEFAULT_PORTS[scheme]}"
    database = parts.path.strip("/")
    name = _STORE_NAMES.get(scheme, scheme)
    return f"{name} {database} at {address}" if database else f"{name} at {address}"


_REASONS = (
    (("authentication failed", "invalid username", "wrongpass", "noauth", "ora-01017", "no password"), "login refused"),
    (("requires authentication", "not authorized"), "login refused"),
    (("connection refused", "dpy-6005", "error 111"), "nothing listens there"),
    (("does not exist", "dpy-6001", "ora-12514"), "the server answers, but has no such database, service or user"),
    (("could not translate", "name or service", "nodename", "temporary failure in name"), "unknown host name"),
    (("timeout expired", "timed out", "no answer", "timeout"), "no answer within the time limit"),
)


def reason_of(error: BaseException) -> str:
    """Return in a few words why a connection failed; the driver's own text may name users, so it is not passed on."""
    text = str(error).lower()
    for marks, reason in _REASONS:
        if any(mark in text for mark in marks):
            return reason
    return f"connection failed ({type(error).__name__})"


def postgres_options(timeout: float, statement_timeout: float | None, application: str) -> dict[str, Any]:
    """Return libpq's options of a connection that is given up in time: seconds, whole ones to connect."""
    settings = ["-c timezone=UTC"]
    if statement_timeout is not None:
        settings.append(f"-c statement_timeout={int(statement_timeout * 1000)}")
    return {
        "connect_timeout": max(2, math.ceil(timeout)),  # libpq takes whole seconds, and 1 as 2
        "application_name": application,
        "options": " ".join(settings),
        "keepalives_idle": KEEPALIVE_SECONDS,
        "tcp_user_timeout": 2 * KEEPALIVE_SECONDS * 1000,
    }


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
