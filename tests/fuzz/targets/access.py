"""Who gets in: tokens, their claims, the issuer's keys, private keys of commands."""

from __future__ import annotations

import asyncio
import json
import time
from functools import cache

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from serve.access.callers import SCOPES, is_purpose, is_subject
from serve.access.jwks import KeySetError, parse_key_set
from serve.access.minting import SigningKey
from serve.access.strict_json import parse_object
from serve.access.token_text import TokenRefusedError, read_token
from serve.access.tokens import TokenVerifier
from tests.fuzz.target import CPF, Target, text_of
from tests.token_samples import RULES, SECRET, claims, ec_key, jwk, jwks, make_verifier, rsa_key, sign

_CLAIMS = (
    {},
    {"titular": "c1", "titular_cpf": CPF},
    {"scope": "score:ler escore-api/eventos:ler", "aud": ["x", "escore-api"]},
)


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


@cache
def _verifier() -> TokenVerifier:
    return make_verifier(_key_set(), secret=SECRET.encode())[0]


@cache
def _key_set() -> bytes:
    return jwks(jwk(rsa_key(), "rsa-1"), jwk(ec_key(), "ec-1", alg="ES256"))


@cache
def _tokens() -> tuple[bytes, ...]:
    tokens = [sign(SECRET.encode(), claims(**given)) for given in _CLAIMS]
    tokens += [sign(rsa_key(), kid="rsa-1"), sign(ec_key(), kid="ec-1"), sign(rsa_key(), kid="rsa-9")]
    tokens += [jwt.encode(claims(), key=None, algorithm="none")]
    return tuple(token.encode() for token in tokens)


def _read_token(data: bytes) -> None:
    """Ask whom a token lets in: those it names, or nobody, by a 401 that is the same for all that are refused."""
    token = text_of(data)

    async def ask() -> None:
        caller = _verifier().recall(token) or await _verifier().verify(token)
        assert data in _tokens() or caller.subject in ("banco-do-sul", "titular")

    refused = None
    try:
        _runner().run(ask())
    except HTTPException as error:
        refused = error
    if refused is not None:
        assert (refused.status_code, refused.detail) == (401, "token inválido ou vencido")
        assert "\n" not in str(refused.headers)


def _read_token_text(data: bytes) -> None:
    text = read_token(text_of(data))
    assert text.algorithm in ("HS256", "RS256", "ES256")


def _read_claims(data: bytes) -> None:
    """Read a payload whose signature is right: what it lets in is a name, a purpose and scopes that are known."""
    caller, until = RULES.read(data, time.time())
    assert caller.scopes <= SCOPES.keys()
    assert caller.finalidade is None or is_purpose(caller.finalidade)
    assert until > time.time()
    assert caller.subject == "titular" if caller.titular else is_subject(caller.subject)


def _read_keys(data: bytes) -> None:
    keys = parse_key_set(data, may_be_empty=bool(len(data) % 2))
    assert all(key.algorithm in ("RS256", "ES256") for key in keys.keys)
    for line in keys.left_aside:
        assert line.isprintable()


def _read_object(data: bytes) -> None:
    """Read strict JSON; whatever is accepted reads the same by the standard library's own way."""
    found = parse_object(data)
    assert repr(json.loads(data)) == repr(found)


@cache
def _pems() -> tuple[bytes, ...]:
    shapes = (
        (rsa_key(), PrivateFormat.PKCS8),
        (rsa_key(), PrivateFormat.TraditionalOpenSSL),
        (ec_key(), PrivateFormat.PKCS8),
    )
    return tuple(key.private_bytes(Encoding.PEM, shape, NoEncryption()) for key, shape in shapes)


_members = st.dictionaries(
    st.sampled_from(["kty", "kid", "use", "alg", "n", "e", "x", "y", "crv", "key_ops", "k", "d"]),
    st.sampled_from(["RSA", "EC", "oct", "P-256", "AQAB", "sig", "ES256", "", "A", "____", "rsa-1"])
    | st.none()
    | st.integers(),
)
_claim_sets = st.dictionaries(
    st.sampled_from(["iss", "aud", "sub", "exp", "iat", "nbf", "scope", "finalidade", "titular", "titular_cpf"]),
    st.one_of(st.text(max_size=8), st.floats(), st.integers(), st.none(), st.booleans(), st.lists(st.text(max_size=3))),
).map(lambda changed: {**claims(), **changed})


def _json(values: st.SearchStrategy[object]) -> st.SearchStrategy[bytes]:
    return values.map(lambda value: json.dumps(value).encode())


TARGETS = (
    Target(
        "access/token",
        "bearer tokens, verified as the API verifies them",
        ("serve.access.tokens:TokenVerifier.verify",),
        _tokens,
        _read_token,
        tokens=(b".", b"..", b"eyJhbGciOiJub25lIn0", b"=", b" "),
    ),
    Target(
        "access/token-text",
        "the parts of a token, header and all",
        ("serve.access.token_text:read_token", "serve.access.token_text:_decode"),
        _tokens,
        _read_token_text,
        (TokenRefusedError,),
        tokens=(b".", b"eyJhbGciOiJub25lIn0", b"-", b"_"),
    ),
    Target(
        "access/claims",
        "the claims of a token whose signature is right",
        ("serve.access.claims:ClaimRules.read", "serve.access.titular:read_titular"),
        lambda: [json.dumps(claims(**given)).encode() for given in _CLAIMS],
        _read_claims,
        (TokenRefusedError,),
        tokens=(b'"titular"', b'"exp"', b"1e999", CPF.encode()),
        grammar=lambda: _json(_claim_sets),
    ),
    Target(
        "access/jwks",
        "the issuer's key set",
        ("serve.access.jwks:parse_key_set", "serve.access.jwks:_read_key"),
        lambda: [_key_set(), jwks(jwk(rsa_key(), "a"), {"kty": "EC", "crv": "P-521"}), jwks()],
        _read_keys,
        (KeySetError,),
        tokens=(b'"kty": "oct"', b'"d": "AQAB"', b'"e": "', b'"n": "', b"AQAB", b'"crv": "P-256"'),
        grammar=lambda: _json(st.fixed_dictionaries({"keys": st.lists(_members, max_size=3)})),
    ),
    Target(
        "access/json",
        "strict JSON",
        ("serve.access.strict_json:parse_object", "serve.access.strict_json:_finite"),
        lambda: [b'{"alg": "RS256", "x": [1, 2.5, null, true, "\\u00e9"]}', b'{"a": {"b": 1e10}}'],
        _read_object,
        (ValueError,),
        tokens=(b'"a":1,"a":2', b"NaN", b"1e999", b"\\ud800", b"[[[["),
    ),
    Target(
        "access/pem",
        "a private key in PEM, as the token command takes it",
        ("serve.access.minting:SigningKey.read",),
        _pems,
        SigningKey.read,
        tokens=(b"-----BEGIN PRIVATE KEY-----", b"ENCRYPTED", b"\n", b"EC PRIVATE KEY", b"DSA"),
    ),
)
