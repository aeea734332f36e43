"""A set of public keys (JWKS, RFC 7517) read with suspicion: what each key may verify is fixed by the key alone.

An RSA key of 2048 to 8192 bits verifies RS256, an EC key on P-256 verifies ES256, and nothing verifies anything
else. A set is refused whole if it holds a secret (a symmetric or private key: whoever published it has lost it),
the same ``kid`` twice, or no usable key. Keys meant for something else (encryption, other algorithms), which
identity providers publish beside them, are left aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from serve.access.strict_json import parse_object

MAX_KEYS = 100
MIN_RSA_BITS = 2048
"""NIST SP 800-131A; RFC 7518 §3.3."""
MAX_RSA_BITS = 8192
"""A longer one would make each verification slow."""
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
_NEEDED = {"RSA": ("n", "e"), "EC": ("x", "y")}

PublicKey = RSAPublicKey | EllipticCurvePublicKey


class KeySetError(ValueError):
    """A key set that is not used; the text holds nothing of the keys."""


class _Unusable(Exception):  # noqa: N818 - no error: the key is for somebody else
    """A key that is left aside, and why."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key and the one algorithm that it verifies."""

    kid: str | None
    algorithm: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a set; ``left_aside`` says why others are not used, one line a key."""

    keys: tuple[VerificationKey, ...]
    left_aside: tuple[str, ...] = ()

    def find(self, kid: str | None) -> VerificationKey | None:
        """Return the key of that name; for a token that names none, the only key there is."""
        if kid is None:
            return self.keys[0] if len(self.keys) == 1 else None
        return next((key for key in self.keys if key.kid == kid), None)


def parse_key_set(body: bytes, *, may_be_empty: bool = False) -> KeySet:
    """Return the keys of a JWKS document; KeySetError if it is none, is unsafe, or holds no key to verify with.

    ``may_be_empty`` takes a set without usable keys for what it is: the issuer withdrew them all.
    """
    try:
        members = parse_object(body).get("keys")
    except ValueError as error:
        raise KeySetError(f"not a JWKS: {error}") from None
    if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
        raise KeySetError("not a JWKS: no list `keys` of objects")
    if len(members) > MAX_KEYS:
        raise KeySetError(f"more than {MAX_KEYS} keys")
    if any(member.get("kty") == "oct" or _PRIVATE & member.keys() for member in members):
        raise KeySetError("a symmetric or private key is published in it: replace that key")
    keys, left_aside = [], []
    for number, member in enumerate(members, 1):
        try:
            keys.append(_read_key(member))
        except _Unusable as reason:
            left_aside.append(f"key {number}: {reason}")
    kids = [key.kid for key in keys if key.kid is not None]
    if len(set(kids)) != len(kids):
        raise KeySetError("two keys have the same kid")
    if not (keys or may_be_empty):
        raise KeySetError("; ".join(["no key for RS256 or ES256", *left_aside]))
    return KeySet(tuple(keys), tuple(left_aside))


def _read_key(member: Mapping[str, Any]) -> VerificationKey:
    kind, kid = member.get("kty"), member.get("kid")
    if not isinstance(kind, str) or kind not in _ALGORITHMS:
        raise _Unusable("its type is neither RSA nor EC")
    if kid is not None and not (isinstance(kid, str) and kid):
        raise _Unusable("its kid is not text")
    _check_use(member, algorithm := _ALGORITHMS[kind])
    if not all(isinstance(member.get(name), str) for name in _NEEDED[kind]):
        raise _Unusable("it lacks a part")
    try:
        key = RSAAlgorithm.from_jwk(dict(member)) if kind == "RSA" else ECAlgorithm.from_jwk(dict(member))
    except (PyJWTError, ValueError, TypeError, OverflowError):
        raise _Unusable("its parts are no public key") from None
    if isinstance(key, RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return VerificationKey(kid, algorithm, key)
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        return VerificationKey(kid, algorithm, key)
    raise _Unusable(f"only RSA of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits and EC on P-256 are used")


def _check_use(member: Mapping[str, Any], algorithm: str) -> None:
    operations = member.get("key_ops", ["verify"])
    if member.get("use", "sig") != "sig":
        raise _Unusable("it is not for signatures")
    if not isinstance(operations, list) or "verify" not in operations:
        raise _Unusable("it is not for verification")
    if member.get("alg", algorithm) != algorithm:
        raise _Unusable(f"it is for another algorithm than {algorithm}")
