"""Keys and tokens of an identity provider, good and forged, for the tests."""

from __future__ import annotations

import base64
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from serve.access.claims import ClaimRules
from serve.access.jwks_source import FetchError, KeySource, Pace
from serve.access.tokens import TokenVerifier

ISSUER = "https://emissor.exemplo/escore"
AUDIENCE = "escore-api"
SECRET = "segredo-de-desenvolvimento-com-32-bytes"
PRIVATE_KEY = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the RSA key of a number, the same in a whole session."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(number: int = 0, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    """Return the EC key of a number, the same in a whole session."""
    return ec.generate_private_key(curve())


def jwk(key: PRIVATE_KEY, kid: str | None, *, private: bool = False, **changes: Any) -> dict[str, Any]:
    """Return a key as a JWKS shows it; a change to None leaves a member out."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    shown = key if private else key.public_key()
    members = {**algorithm.to_jwk(shown, as_dict=True), "use": "sig", "kid": kid, **changes}
    if not private:
        members.pop("key_ops", None) if "key_ops" not in changes else None
    return {name: value for name, value in members.items() if value is not None}


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """Return good claims with changes; a change to ``...`` leaves a claim out."""
    now = int(time.time())
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "banco-do-sul",
        "scope": "score:ler clientes:ler",
        "finalidade": "concessao_de_credito",
        "iat": now,
        "nbf": now,
        "exp": now + 86_400,
        **changes,
    }
    return {name: value for name, value in given.items() if value is not ...}


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def sign(
    key: PRIVATE_KEY | bytes,
    payload: dict[str, Any] | bytes | None = None,
    *,
    kid: Any = ...,
    alg: str | None = None,
    header: dict[str, Any] | bytes | None = None,
) -> str:
    """Return a token whose signature is right by the key's algorithm, whatever its header and payload say."""
    actual = "HS256" if isinstance(key, bytes) else "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    if not isinstance(header, bytes):
        members = {
            "typ": "JWT",
            "alg": actual if alg is None else alg,
            **({} if kid is ... else {"kid": kid}),
            **(header or {}),
        }
        header = json.dumps(members).encode()
    body = payload if isinstance(payload, bytes) else json.dumps(claims() if payload is None else payload).encode()
    signed = f"{encode(header)}.{encode(body)}"
    signature = jwt.get_algorithm_by_name(actual).sign(signed.encode(), key)
    return f"{signed}.{encode(signature)}"


class Issuer:
    """Hands out a JWKS document, and counts how often; ``document`` None is an issuer that does not answer."""

    def __init__(self, document: bytes | None) -> None:
        self.document = document
        self.asked = 0

    async def __call__(self) -> bytes:
        self.asked += 1
        if self.document is None:
            raise FetchError("nobody there")
        return self.document


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


PACE = Pace(every=600.0, retry=30.0, cool_down=10.0)
RULES = ClaimRules(ISSUER, AUDIENCE, 10.0)


def make_verifier(
    document: bytes | None, *, secret: bytes | None = None, now: Clock | None = None, monotonic: Clock | None = None
) -> tuple[TokenVerifier, Issuer]:
    """Return a verifier by the keys of an issuer, and the issuer."""
    issuer = Issuer(document)
    source = KeySource(issuer, PACE, monotonic=monotonic or time.monotonic)
    return TokenVerifier(RULES, source=source, secret=secret, now=now or time.time), issuer
