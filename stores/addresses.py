"""How a store's address and a failure to reach it are told, and how PostgreSQL is bounded; needs no store's driver."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import parse_qs, urlsplit

DEFAULT_PORTS = {"oracle": 1521, "postgresql": 5432, "mongodb": 27017, "redis": 6379, "rediss": 6379}
KEEPALIVE_SECONDS = 30

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


def identify_url(url: str) -> str:
    """Return which store a URL leads to, whoever logs in and by whatever driver: what tells two of them apart.

    Oracle's database may be named in the URL's query; what else stands there (certificates, limits) is about the way.

    >>> identify_url("oracle+oracledb://someone:secret@db.example/?service_name=prod")
    'Oracle at db.example:1521 service_name=prod'
    """
    options = parse_qs(urlsplit(url).query)
    named = [f"{name}={value}" for name in _DATABASE_OPTIONS for value in options.get(name, ())]
    return " ".join([describe_url(url), *named])


_DATABASE_OPTIONS = ("service_name", "sid")

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
