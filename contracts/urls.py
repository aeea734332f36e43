"""Well-formed URLs of stores and lake: refused when settings are read, by words that repeat no part of them.

A password with a raw ``@``, ``:`` or ``/`` makes a parser take a piece of it for host or port, and the driver's
own error would then print that piece.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, SecretStr, ValidationInfo

from contracts.transport import check_transport

NOT_WELL_FORMED = "is not a well-formed URL; write @ : / in a password as %40 %3A %2F"

MAX_LENGTH = 2_000
"""Characters of a URL; errors and logs repeat its host, its database and its service."""

ANY_BASE = ("oracle", "postgresql", "mysql", "mariadb", "mssql", "sqlite")
"""What Base A may be; the drivers other than Oracle's and PostgreSQL's are the installer's to add."""
S3 = "s3"
BUCKETS = (S3, "gs")
LAKES = (*BUCKETS, "file")
LOCAL_DASK = "local"
PRODUCTION = "producao"
SCHEDULERS = ("tcp", "tls")
S3_OPTIONS = ("endpoint_override", "region", "scheme", "tls_ca_file_path")
"""What a lake's URL may say of its service; keys are read by the AWS SDK from its own variables."""

_PARTS = re.compile(r"[^:]*://([^/?#]*)([^?#]*)(.*)", re.DOTALL)
"""Authority, path and the rest (RFC 3986, appendix B). ``urlsplit`` refuses several hosts where one is bracketed."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9.-]*(\+[A-Za-z0-9.-]+)?")
_ADDRESS = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(:[0-9]+)?")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def url_of(*schemes: str) -> AfterValidator:
    """Return the validator of a store's URL, a secret, by its schemes (`x+driver` counts as `x`); TLS in production."""

    def check(url: SecretStr, info: ValidationInfo) -> SecretStr:
        check_url(url.get_secret_value(), schemes)
        if is_production(info):
            check_transport(url.get_secret_value())
        return url

    return AfterValidator(check)


def text_url_of(*schemes: str) -> AfterValidator:
    """Return the validator of a URL that is no secret."""

    def check(url: str) -> str:
        check_url(url, schemes)
        return url

    return AfterValidator(check)


def lake_of(root: str, info: ValidationInfo) -> str:
    """Return a lake's root, a plain path or a URL of a file system; ValueError if it is neither."""
    if "://" in root:
        check_url(root, LAKES)
        if is_production(info):
            check_transport(root)
    if root.startswith(f"{S3}://"):
        _check_s3(root)
    return root


def is_production(info: ValidationInfo) -> bool:
    """Return whether the settings under validation are those of production; `env` is read before every URL."""
    return bool(info.data.get("env") == PRODUCTION)


def dask_of(address: str, info: ValidationInfo) -> str:
    """Return where Dask is: ``local``, or a scheduler's URL with host and port; ValueError if it is neither."""
    if address == LOCAL_DASK:
        return address
    if not address.startswith(tuple(f"{scheme}://" for scheme in SCHEDULERS)):
        raise ValueError(f"must be `{LOCAL_DASK}`, or start with one of {', '.join(f'{s}://' for s in SCHEDULERS)}")
    check_url(address, SCHEDULERS)
    parts = urlsplit(address)
    if parts.port is None or "@" in parts.netloc or parts.path or parts.query:
        raise ValueError("must name host and port, and nothing else")
    if is_production(info):
        check_transport(address)
    return address


def _check_s3(root: str) -> None:
    """Raise ValueError if the URL holds a key, or an option that would go unheeded."""
    parts = urlsplit(root)
    if "@" in parts.netloc:
        raise ValueError("holds a key; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead")
    if any(name not in S3_OPTIONS for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise ValueError(f"takes no options but {', '.join(S3_OPTIONS)}")


def check_url(url: str, schemes: tuple[str, ...]) -> None:
    """Raise ValueError, which repeats nothing of the URL, unless its scheme is known and its parts are clear."""
    if len(url) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH:,} characters")
    scheme, separator, _rest = url.partition("://")
    kind = scheme.split("+")[0]
    if not separator or not _SCHEME.fullmatch(scheme) or kind not in schemes:
        known = ", ".join(f"{name}://" for name in schemes)
        raise ValueError(f"must start with {'one of ' if len(schemes) > 1 else ''}{known}")
    try:
        is_clear = url.isprintable() and _is_clear(kind, url)
    except ValueError:
        is_clear = False
    if not is_clear:
        raise ValueError(NOT_WELL_FORMED) from None


def _is_clear(kind: str, url: str) -> bool:
    """Return whether nothing of a password was taken for another part; ValueError if a port is no number."""
    parts = _PARTS.fullmatch(url)
    assert parts is not None, "a scheme was found before"
    authority, path, rest = parts.groups()
    if kind == "sqlite":
        return not authority and len(path) > 1
    if kind == "file":
        return not authority and bool(path)
    login, _, address = authority.rpartition("@")
    if set("@[]") & set(login) or "@" in f"{path}{rest}":
        return False
    if kind == "mongodb" and (login.count(":") > 1 or _STRAY_PERCENT.search(login)):
        return False
    needs_host = kind in ("mongodb", "http", "https", *BUCKETS, *SCHEDULERS)
    return all(_is_address(host, needs_host=needs_host) for host in address.split(","))


def _is_address(host: str, *, needs_host: bool) -> bool:
    if not _ADDRESS.fullmatch(host):
        return False
    parts = urlsplit(f"//{host}")
    is_left_out = parts.port is None and not host
    return bool(parts.hostname) or (is_left_out and not needs_host)
