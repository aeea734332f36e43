"""TLS to the stores in production: which URLs lead to another machine, and which of them check its certificate.

A rule of SCORE_ENV=producao, applied when settings are read. Drivers encrypt without looking at the certificate, or
not at all, unless their URL says so (libpq's default ``sslmode=prefer``), so what the URL leaves open is refused. The
words of a refusal repeat no part of the URL.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

Options = Mapping[str, tuple[str, ...]]

NEEDED = "SCORE_ENV=producao needs TLS with a checked certificate to what is on another machine"
_YES = frozenset({"1", "on", "true", "t", "y", "yes"})
_SAYS_WHERE = {
    "postgresql": "sslmode=verify-full, with sslrootcert=FILE",
    "mongodb": "tls=true, with tlsCAFile=FILE, without tlsInsecure and tlsAllowInvalid...",
    "redis": "rediss://, with ssl_ca_certs=FILE, without ssl_cert_reqs=none and ssl_check_hostname=false",
    "oracle": "host and service_name with protocol=tcps, without ssl_server_dn_match=no",
    "mysql": "ssl_verify_identity=true, with ssl_ca=FILE",
    "mssql": "Encrypt=yes, without TrustServerCertificate=yes",
    "s3": "https, which is the default",
    "tcp": "tls://",
}
_SAME_AS = {"mariadb": "mysql", "rediss": "redis", "gs": "s3"}
_LOCAL = ("file", "sqlite", "tls")


def check_transport(url: str) -> None:
    """Raise ValueError if a well-formed URL leads to another machine without TLS that checks certificate and host."""
    parts = urlsplit(_without_hosts(url))
    scheme = parts.scheme.split("+")[0]
    kind = _SAME_AS.get(scheme, scheme)
    if kind in _LOCAL:
        return
    options = _options(kind, parts.query)
    hosts = _hosts(url)
    if _leads_elsewhere(kind, hosts, options) and not _CHECKS[kind](scheme, options):
        raise ValueError(f"{NEEDED}: {_SAYS_WHERE[kind]}")


def is_this_machine(host: str) -> bool:
    """Return whether a host of a URL is this machine: a loopback address, ``localhost``, or a Unix socket's path.

    >>> [is_this_machine(host) for host in ("localhost", "127.0.0.9", "[::1]", "/run/postgresql", "10.0.0.1", "")]
    [True, True, True, True, False, True]
    """
    name = unquote(host).strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name in ("", "localhost") or name.startswith(("/", "@"))


def _authority(url: str) -> str:
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]


def _without_hosts(url: str) -> str:
    """Return the URL without its hosts: ``urlsplit`` refuses several where one is bracketed."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest[len(_authority(url)) :]}"


def _hosts(url: str) -> list[str]:
    addresses = _authority(url).rpartition("@")[2].split(",")
    return [_host_of(address) for address in addresses]


def _host_of(address: str) -> str:
    """Return an address without its port."""
    if address.startswith("["):
        return address.partition("]")[0] + "]"
    return address.rpartition(":")[0] or address if address.count(":") == 1 else address


def _options(kind: str, query: str) -> Options:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(query.replace(";", "&") if kind == "mongodb" else query, keep_blank_values=True):
        key = name.lower() if kind in ("mongodb", "mssql") else name
        found[key] = (*found.get(key, ()), value)
    return found


def _leads_elsewhere(kind: str, hosts: list[str], options: Options) -> bool:
    if kind == "s3":
        named = options.get("endpoint_override", ("",))
        hosts = [
            _host_of(_authority(value) if "://" in value else value) or "a service of the cloud" for value in named
        ]
    elif kind in ("postgresql", "redis", "mysql", "mssql"):  # what the query names, the driver takes instead
        named = (*options.get("host", ()), *options.get("hostaddr", ()))
        hosts = [_host_of(address) for value in named for address in value.split(",")] or hosts
    unseen = {"postgresql": ("service",), "oracle": ("dsn",), "mongodb": ("replicaset",), "mssql": ("odbc_connect",)}
    return any(name in options for name in unseen.get(kind, ())) or not all(map(is_this_machine, hosts))


def _all_are(options: Options, name: str, *values: str) -> bool:
    return all(value.lower() in values for value in options.get(name, ()))


def _never_says_yes(options: Options, *names: str) -> bool:
    return all(value.lower() in ("", "0", "false", "no") for name in names for value in options.get(name, ()))


def _postgresql(_scheme: str, options: Options) -> bool:
    return "sslmode" in options and _all_are(options, "sslmode", "verify-full")


def _mongodb(_scheme: str, options: Options) -> bool:
    insecure = ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")
    said = [*options.get("tls", ()), *options.get("ssl", ())]
    is_asked = bool(said) and all(
        value == "true" for value in said
    )  # the driver drops `True` as it drops a typing error
    return is_asked and _never_says_yes(options, *insecure)


def _redis(scheme: str, options: Options) -> bool:
    is_checked = _all_are(options, "ssl_cert_reqs", "required") and _all_are(options, "ssl_check_hostname", *_YES)
    return scheme == "rediss" and is_checked


def _oracle(_scheme: str, options: Options) -> bool:
    is_asked = "protocol" in options and _all_are(options, "protocol", "tcps")
    is_ours = "dsn" not in options and "service_name" in options
    return is_asked and is_ours and _all_are(options, "ssl_server_dn_match", *_YES)


def _mysql(_scheme: str, options: Options) -> bool:
    return "ssl_verify_identity" in options and _all_are(options, "ssl_verify_identity", *_YES)


def _mssql(_scheme: str, options: Options) -> bool:
    is_asked = "encrypt" in options and _all_are(options, "encrypt", "yes", "mandatory", "strict")
    return is_asked and "odbc_connect" not in options and _never_says_yes(options, "trustservercertificate")


def _s3(_scheme: str, options: Options) -> bool:
    is_plain = any(value.lower().startswith("http://") for value in options.get("endpoint_override", ()))
    return _all_are(options, "scheme", "https") and not is_plain


def _tcp(_scheme: str, _options: Options) -> bool:
    return False


_CHECKS: dict[str, Callable[[str, Options], bool]] = {
    "postgresql": _postgresql,
    "mongodb": _mongodb,
    "redis": _redis,
    "oracle": _oracle,
    "mysql": _mysql,
    "mssql": _mssql,
    "s3": _s3,
    "tcp": _tcp,
}
