"""The header fields that every answer carries, and those it carries unless its route says otherwise.

Source: OWASP REST Security Cheat Sheet. The answers are data, never pages: a browser may neither run, frame, sniff,
keep nor share them.
"""

from __future__ import annotations

from collections.abc import Iterable

Field = tuple[bytes, bytes]

_ALWAYS: tuple[Field, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_OVER_TLS: Field = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_NO_CONTENT: Field = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NO_STORE: Field = (b"cache-control", b"no-store")


def _table(always: tuple[Field, ...]) -> tuple[tuple[Field, ...], ...]:
    return (always, (*always, _NO_STORE), (*always, _NO_CONTENT), (*always, _NO_STORE, _NO_CONTENT))


_PLAIN = _table(_ALWAYS)
_TLS = _table((*_ALWAYS, _OVER_TLS))


def completed(headers: Iterable[Field], *, request_id: str, scheme: str) -> list[Field]:
    """Return an answer's header fields with those of security, and the request's identifier.

    >>> fields = dict(completed([(b"cache-control", b"private")], request_id="1", scheme="http"))
    >>> fields[b"cache-control"], fields[b"x-request-id"], fields[b"x-content-type-options"]
    (b'private', b'1', b'nosniff')
    """
    given = dict(headers)
    missing = (b"cache-control" not in given) + 2 * (b"content-security-policy" not in given)
    return [*headers, *(_TLS if scheme == "https" else _PLAIN)[missing], (b"x-request-id", request_id.encode())]
