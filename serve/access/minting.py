"""Tokens made here: with the development secret, or with a private key as the identity provider would.

For development, tests, and for trying out an installation that verifies by JWKS; in production an identity
provider makes them.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from contracts.errors import UsageError
from serve.access.callers import SCOPES, is_purpose, is_subject
from serve.access.jwks import KeySetError, parse_key_set
from serve.access.titular import Titular

ISSUER = "escore"
AUDIENCE = "escore-api"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is to say; a titular's token needs no purpose, for it is always ``titular``."""

    subject: str
    scopes: Sequence[str]
    finalidade: str | None
    lifetime: timedelta
    titular: Titular | None = None
    issuer: str = ISSUER
    audience: str = AUDIENCE

    def to_claims(self) -> dict[str, Any]:
        """Return the claims of a token that starts now; UsageError if it would not be accepted."""
        unknown = sorted(set(self.scopes) - set(SCOPES))
        if unknown:
            raise UsageError(f"no such scope: {', '.join(unknown)} (there are {', '.join(SCOPES)})")
        if self.finalidade is not None and not is_purpose(self.finalidade):
            raise UsageError("finalidade: words of letters only, up to 80 characters, such as concessao_de_credito")
        if not is_subject(self.subject):
            raise UsageError("subject: up to 128 printable characters, no CPF among them, and not `titular`")
        now = datetime.now(UTC)
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": self.subject,
            "scope": " ".join(self.scopes),
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
            "jti": str(uuid4()),
        }
        if self.titular is not None:
            return claims | self.titular.to_claims()
        return claims if self.finalidade is None else {**claims, "finalidade": self.finalidade}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, the algorithm that it signs by, and the name under which its public half is published."""

    private_key: RSAPrivateKey | EllipticCurvePrivateKey
    algorithm: str
    kid: str

    @classmethod
    def read(cls, pem: bytes, kid: str | None = None) -> SigningKey:
        """Return the key of a PEM text, named by its thumbprint if not otherwise; UsageError if it is not usable."""
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise UsageError("private key: not an unencrypted private key in PEM") from None
        if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
            raise UsageError("private key: RSA or EC on P-256 is needed")
        algorithm = "RS256" if isinstance(key, RSAPrivateKey) else "ES256"
        signing_key = cls(key, algorithm, kid or _thumbprint(_public_members(key)))
        try:
            parse_key_set(json.dumps(signing_key.public_jwks()).encode())
        except KeySetError as error:
            raise UsageError(f"private key: {error}") from None
        return signing_key

    def public_jwks(self) -> dict[str, Any]:
        """Return the public half as a JWKS document."""
        members = _public_members(self.private_key)
        return {"keys": [{**members, "use": "sig", "alg": self.algorithm, "kid": self.kid}]}

    def sign(self, grant: Grant) -> str:
        """Return a token; UsageError if the grant would not be accepted."""
        return jwt.encode(grant.to_claims(), self.private_key, self.algorithm, headers={"kid": self.kid})


def mint_token(secret: str, *, subject: str, scopes: Sequence[str], finalidade: str | None, lifetime: timedelta) -> str:
    """Return a development token (HS256) that starts now; UsageError if it would not be accepted."""
    return sign_by_secret(secret, Grant(subject, scopes, finalidade, lifetime))


def sign_by_secret(secret: str, grant: Grant) -> str:
    """Return a development token (HS256); UsageError if the grant would not be accepted."""
    return jwt.encode(grant.to_claims(), secret, "HS256")


def _public_members(key: RSAPrivateKey | EllipticCurvePrivateKey) -> dict[str, Any]:
    if isinstance(key, RSAPrivateKey):
        members = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        members = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {name: members[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in members}


def _thumbprint(members: dict[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a public key (RFC 7638)."""
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
