"""A signed token in its compact form (JWS, RFC 7515), read strictly, and its signature checked by one given key.

There is one way to write a token down: base64url without padding, stray bits or white space. Headers that would
change what is verified are refused (``crit``, ``b64``, ``cty``, ``zip``), and those that offer keys (``jku``,
``jwk``, ``x5u``, ``x5c``) are never looked at.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from jwt.algorithms import get_default_algorithms
from jwt.exceptions import PyJWTError

from serve.access.jwks import PublicKey
from serve.access.strict_json import parse_object

MAX_TOKEN_LENGTH = 8192
MAX_KID_LENGTH = 256
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_CHANGING = frozenset({"crit", "b64", "cty", "zip"})
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""RFC 7519 §5.1, RFC 9068 §2.1; other kinds of token (logout, identity events) are told apart by theirs."""
_VERIFIERS = {name: get_default_algorithms()[name] for name in ("HS256", "RS256", "ES256")}


class TokenRefusedError(ValueError):
    """A token that is not accepted; the text never leaves the process."""


@dataclass(frozen=True, slots=True)
class TokenText:
    """The parts of a token, nothing of which is to be believed before ``check_signature``."""

    algorithm: str
    kid: str | None
    payload: bytes
    signed: bytes
    signature: bytes


def read_token(token: str) -> TokenText:
    """Return the parts of a token in compact form; TokenRefusedError if it is not exactly that."""
    if len(token) > MAX_TOKEN_LENGTH or not (match := _COMPACT.fullmatch(token)):
        raise TokenRefusedError("not a signed token in compact form")
    head, body, tail = match.groups()
    try:
        header = parse_object(_decode(head))
    except ValueError as error:
        raise TokenRefusedError(f"header: {error}") from None
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in _VERIFIERS:
        raise TokenRefusedError("header: no algorithm of ours")
    if "kid" in header and not (isinstance(kid, str) and 0 < len(kid) <= MAX_KID_LENGTH):
        raise TokenRefusedError("header: kid")
    if _CHANGING & header.keys() or not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenRefusedError("header: not a plain access token")
    return TokenText(algorithm, kid, _decode(body), f"{head}.{body}".encode(), _decode(tail))


def check_signature(text: TokenText, key: PublicKey | bytes, algorithm: str) -> bytes:
    """Return the payload if the key signed it by its own algorithm; TokenRefusedError if not."""
    if text.algorithm != algorithm:
        raise TokenRefusedError("the token's algorithm is not its key's")
    try:
        verified = _VERIFIERS[algorithm].verify(text.signed, key, text.signature)
    except (PyJWTError, ValueError):
        verified = False
    if verified is not True:
        raise TokenRefusedError("signature")
    return text.payload


def _decode(segment: str) -> bytes:
    """Return the bytes of a segment; TokenRefusedError if it is not their one canonical form."""
    try:
        decoded = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise TokenRefusedError("base64") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != segment:
        raise TokenRefusedError("base64")
    return decoded
