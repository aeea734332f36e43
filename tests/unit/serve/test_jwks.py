"""Which published keys are used, for what, and which sets are refused whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from serve.access.jwks import KeySetError, parse_key_set
from tests.token_samples import decode, ec_key, encode, jwk, jwks, rsa_key

RSA, EC = jwk(rsa_key(), "rsa-1", alg="RS256"), jwk(ec_key(), "ec-1", alg="ES256")


def test_a_key_verifies_what_its_type_says():
    keys = parse_key_set(jwks(RSA, EC))
    assert [(key.kid, key.algorithm) for key in keys.keys] == [("rsa-1", "RS256"), ("ec-1", "ES256")]
    assert keys.find("rsa-1").key == rsa_key().public_key()
    assert keys.find("ec-1").key == ec_key().public_key()
    assert keys.find("outra") is None
    assert keys.find(None) is None
    assert keys.left_aside == ()


def test_only_a_single_key_needs_no_name():
    assert parse_key_set(jwks(RSA)).find(None).kid == "rsa-1"
    assert parse_key_set(jwks(RSA, jwk(ec_key(), "x", use="enc"))).find(None).kid == "rsa-1"


@pytest.mark.parametrize(
    "plain",
    [
        jwk(rsa_key(), "x"),
        jwk(rsa_key(), "x", use=None),
        jwk(rsa_key(), "x", key_ops=["verify"]),
        jwk(rsa_key(), "x", key_ops=["sign", "verify"]),
        jwk(rsa_key(), "x", x5c=["MII"], x5t="abc", x5u="https://a.exemplo"),
        jwk(ec_key(), "x", use=None),
    ],
)
def test_what_a_key_need_not_say_may_be_missing(plain):
    assert len(parse_key_set(jwks(plain)).keys) == 1


@pytest.mark.parametrize(
    ("aside", "reason"),
    [
        (jwk(rsa_key(), "x", use="enc"), "not for signatures"),
        (jwk(rsa_key(), "x", use=["sig"]), "not for signatures"),
        (jwk(rsa_key(), "x", key_ops=["encrypt"]), "not for verification"),
        (jwk(rsa_key(), "x", key_ops=[]), "not for verification"),
        (jwk(rsa_key(), "x", key_ops="verify"), "not for verification"),
        (jwk(rsa_key(), "x", alg="RSA-OAEP"), "another algorithm"),
        (jwk(rsa_key(), "x", alg="PS256"), "another algorithm"),
        (jwk(rsa_key(), "x", alg="RS512"), "another algorithm"),
        (jwk(rsa_key(), "x", alg="HS256"), "another algorithm"),
        (jwk(rsa_key(), "x", alg=["RS256"]), "another algorithm"),
        (jwk(ec_key(), "x", alg="RS256"), "another algorithm"),
        (jwk(rsa_key(2, 1024), "x"), "2048 to 8192"),
        (jwk(rsa_key(), "x", n=encode(b"\xff" * 1025)), "2048 to 8192"),
        (jwk(rsa_key(), "x", e=encode(b"\x01")), "no public key"),
        (jwk(rsa_key(), "x", e=encode(b"\x02")), "no public key"),
        (jwk(rsa_key(), "x", n=""), "no public key"),
        (jwk(rsa_key(), "x", n="%%%"), "no public key"),
        (jwk(rsa_key(), "x", n=None), "lacks a part"),
        (jwk(rsa_key(), "x", n=12345), "lacks a part"),
        (jwk(rsa_key(), "x", e=65537), "lacks a part"),
        (jwk(rsa_key(), 7), "kid is not text"),
        (jwk(rsa_key(), ""), "kid is not text"),
        (jwk(rsa_key(), ["x"]), "kid is not text"),
        (jwk(ec_key(0, ec.SECP384R1), "x"), "P-256"),
        (jwk(ec_key(0, ec.SECP521R1), "x"), "P-256"),
        (jwk(ec_key(0, ec.SECP256K1), "x"), "P-256"),
        (jwk(ec_key(), "x", crv="P-384"), "no public key"),
        (jwk(ec_key(), "x", crv=["P-256"]), "no public key"),
        (jwk(ec_key(), "x", x=encode(bytes(32))), "no public key"),
        (jwk(ec_key(), "x", y=encode(decode(EC["y"])[:31])), "no public key"),
        (jwk(ec_key(), "x", y=None), "lacks a part"),
        ({"kty": "OKP", "crv": "Ed25519", "x": encode(bytes(32)), "kid": "x"}, "neither RSA nor EC"),
        ({"kty": "rsa", "kid": "x"}, "neither RSA nor EC"),
        ({"kty": ["RSA"], "kid": "x"}, "neither RSA nor EC"),
        ({}, "neither RSA nor EC"),
    ],
)
def test_a_key_for_something_else_is_left_aside(aside, reason):
    """Identity providers publish keys for encryption beside those that sign; a weak or damaged one is not used."""
    keys = parse_key_set(jwks(RSA, aside))
    assert [key.kid for key in keys.keys] == ["rsa-1"]
    [line] = keys.left_aside
    assert line.startswith("key 2: ")
    assert reason in line
    with pytest.raises(KeySetError, match=f"no key for RS256 or ES256; key 1: .*{reason}"):
        parse_key_set(jwks(aside))


@pytest.mark.parametrize(
    "secret",
    [
        jwk(rsa_key(1), "x", private=True),
        jwk(ec_key(1), "x", private=True),
        jwk(ec_key(1), "x", d="AA"),
        {"kty": "oct", "k": encode(b"s" * 32), "kid": "x", "alg": "HS256"},
        {"kty": "oct", "kid": "x"},
        {"kty": "RSA", "p": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": encode(bytes(32)), "d": encode(bytes(32))},
    ],
)
def test_a_set_that_publishes_a_secret_is_refused_whole(secret):
    with pytest.raises(KeySetError, match="symmetric or private"):
        parse_key_set(jwks(RSA, secret))


def test_two_keys_of_one_name_refuse_the_set():
    with pytest.raises(KeySetError, match="same kid"):
        parse_key_set(jwks(RSA, jwk(ec_key(), "rsa-1")))
    nameless = jwk(rsa_key(), None), jwk(ec_key(), None)
    assert parse_key_set(jwks(*nameless)).find(None) is None
    beside = parse_key_set(jwks(RSA, jwk(ec_key(), "rsa-1", use="enc")))
    assert beside.find("rsa-1").algorithm == "RS256"


DOCUMENTS: list[Any] = [[], None, "x", 1, {}, {"keys": None}, {"keys": {}}, {"keys": [1]}, {"keys": []}, RSA]


@pytest.mark.parametrize(
    "document",
    [
        *(json.dumps(document).encode() for document in DOCUMENTS),
        b"",
        b"<html></html>",
        b"\xff",
        b"[" * 100_000,
        b'{"keys": [], "keys": []}',
        jwks(RSA)[:-1] + b',"x": NaN}',
        jwks(RSA).decode().encode("utf-16"),
        jwks(*({**RSA, "kid": str(number)} for number in range(101))),
    ],
    ids=range(18),
)
def test_what_is_no_key_set_is_refused(document):
    with pytest.raises(KeySetError):
        parse_key_set(document)
