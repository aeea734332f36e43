"""How a store's address and a failure to reach it are told, and what drivers are told besides the URL.

Needs no store's driver.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, urlsplit

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

DEFAULT_PORTS = {"oracle": 1521, "postgresql": 5432, "mongodb": 27017, "redis": 6379, "rediss": 6379}
KEEPALIVE_SECONDS = 30
_NO = ("no", "false", "off", "0")

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
    parts = _split(url)
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
    options = parse_qs(_split(url).query)
    named = [f"{name}={value}" for name in _DATABASE_OPTIONS for value in options.get(name, ())]
    return " ".join([describe_url(url), *named])


def _split(url: str) -> SplitResult:
    """Return a URL's parts; brackets that hold no address, which some of Python's versions refuse, are left out."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit(url.replace("[", "").replace("]", ""))


_DATABASE_OPTIONS = ("service_name", "sid")

UNREADABLE_FILE = "a file of certificates or keys cannot be read"
_REASONS = (
    (
        ("does not match host name", "hostname mismatch", "address mismatch", "dpy-6006"),
        "certificate verify failed: it is another host's",
    ),
    (("certificate has expired", "certificate is not yet valid"), "certificate verify failed: it is out of its dates"),
    (("certificate verify failed", "certificate_verify_failed"), "certificate verify failed"),
    (
        ("valid client certificate", "certificate required", "certificate_required"),
        "the server asks for a client certificate",
    ),
    (
        ("eof occurred in violation of protocol",),  # the server's alert was overtaken by the end of the connection
        "the server broke TLS off: it may ask for a client certificate",
    ),
    (
        ("certificate file", "private key file", "certificate authority file", "load certificate", "no such file"),
        UNREADABLE_FILE,
    ),
    (
        ("does not support ssl", "wrong version number", "wrong_version_number", "record layer failure"),
        "the server does not speak TLS",
    ),
    (("no encryption", "ssl off"), "the server asks for TLS, or does not let this login in"),
    (("authentication failed", "invalid username", "wrongpass", "noauth", "ora-01017", "no password"), "login refused"),
    (("requires authentication", "not authorized"), "login refused"),
    (("connection refused", "dpy-6005", "error 111"), "nothing listens there"),
    (("does not exist", "dpy-6001", "ora-12514"), "the server answers, but has no such database, service or user"),
    (("could not translate", "name or service", "nodename", "temporary failure in name"), "unknown host name"),
    (("timeout expired", "timed out", "no answer", "timeout"), "no answer within the time limit"),
)


def reason_of(error: BaseException) -> str:
    """Return in a few words why a connection failed; the driver's own text may name users, so it is not passed on."""
    text = str(error).lower() or ("timeout" if isinstance(error, TimeoutError) else "")
    for marks, reason in _REASONS:
        if any(mark in text for mark in marks):
            return reason
    return f"connection failed ({type(error).__name__})"


def oracle_options(url: URL) -> tuple[URL, dict[str, Any]]:
    """Return an Oracle URL and the driver's options for it, so that ``protocol=tcps`` in the URL is heeded.

    SQLAlchemy writes a connect descriptor of plain TCP from host and service, and a descriptor comes before options.
    The server's certificate is checked, and its host name unless ``ssl_server_dn_match=no``.
    """
    service, protocol = url.query.get("service_name"), url.query.get("protocol")
    if service is None or protocol is None:
        return url, {}
    address = f"(PROTOCOL={protocol})(HOST={url.host})(PORT={url.port or DEFAULT_PORTS['oracle']})"
    match = "OFF" if str(url.query.get("ssl_server_dn_match", "yes")).lower() in _NO else "ON"
    security = f"(SECURITY=(SSL_SERVER_DN_MATCH={match}))"
    dsn = f"(DESCRIPTION=(ADDRESS={address})(CONNECT_DATA=(SERVICE_NAME={service})){security})"
    return url.difference_update_query(["protocol", "ssl_server_dn_match"]), {"dsn": dsn}


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
