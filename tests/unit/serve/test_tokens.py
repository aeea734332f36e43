"""Which bearer tokens are accepted, and every known way to forge one that is not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.exceptions import HTTPException

from serve.access import tokens
from serve.access.callers import Caller
from serve.access.titular import Titular
from serve.access.tokens import TokenVerifier
from tests.token_samples import (
    AUDIENCE,
    SECRET,
    Clock,
    claims,
    decode,
    ec_key,
    encode,
    jwk,
    jwks,
    make_verifier,
    rsa_key,
    sign,
)

CPF = "52998224725"
FULL_WIDTH = "".join(chr(0xFF10 + int(digit)) for digit in CPF)
RSA, EC = jwk(rsa_key(), "rsa-1", alg="RS256"), jwk(ec_key(), "ec-1", alg="ES256")
PUBLISHED = jwks(RSA, EC)
CALLER = Caller("banco-do-sul", frozenset({"score:ler", "clientes:ler"}), "concessao_de_credito")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def verifier() -> TokenVerifier:
    return make_verifier(PUBLISHED, secret=SECRET.encode())[0]


def recall(runner: asyncio.Runner, verifier: TokenVerifier, token: str) -> Caller | None:
    async def ask() -> Caller | None:
        return verifier.recall(token)

    return runner.run(ask())


def refused(runner: asyncio.Runner, verifier: TokenVerifier, token: str) -> None:
    """Assert that a token is a 401 that does not say why, and is not remembered."""
    with pytest.raises(HTTPException) as raised:
        runner.run(verifier.verify(token))
    assert (raised.value.status_code, raised.value.detail) == (401, "token inválido ou vencido")
    assert raised.value.headers == {"WWW-Authenticate": 'Bearer realm="escore", error="invalid_token"'}
    assert recall(runner, verifier, token) is None


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({}, {}),
        ({}, {"typ": "at+jwt"}),
        ({}, {"typ": "application/at+jwt"}),
        ({"aud": ["outra", AUDIENCE], "nbf": ..., "jti": "x", "cnf": {"x": [1]}}, {}),
        ({"exp": 60.5, "iat": 5, "nbf": 5.25}, {}),
        ({"exp": -5}, {}),
        ({"scope": f"openid {AUDIENCE}/score:ler clientes:ler"}, {}),
    ],
    ids=["plain", "at+jwt", "type", "audiences", "fractions", "leeway", "prefix"],
)
@pytest.mark.parametrize("signer", [(rsa_key(), "rsa-1"), (ec_key(), "ec-1"), (SECRET.encode(), ...)])
def test_a_good_token_is_accepted_and_remembered(runner, verifier, changes, header, signer):
    now = time.time()
    at_once = {
        name: now + value if name in ("exp", "iat", "nbf") and value is not ... else value
        for name, value in changes.items()
    }
    token = sign(signer[0], claims(**at_once), kid=signer[1], header=header)
    assert recall(runner, verifier, token) is None
    assert runner.run(verifier.verify(token)) == CALLER
    assert recall(runner, verifier, token) == CALLER


def test_a_token_without_kid_needs_a_set_of_one_key(runner, verifier):
    refused(runner, verifier, sign(rsa_key()))
    only, _ = make_verifier(jwks(RSA))
    assert runner.run(only.verify(sign(rsa_key()))) == CALLER
    nameless, _ = make_verifier(jwks(jwk(rsa_key(), None)))
    assert runner.run(nameless.verify(sign(rsa_key()))) == CALLER
    refused(runner, nameless, sign(rsa_key(), kid="rsa-1"))


def public_forms() -> dict[str, bytes]:
    public = rsa_key().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "pem": pem,
        "pem-stripped": pem.strip(),
        "pkcs1": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": json.dumps(RSA).encode(),
        "modulus": RSA["n"].encode(),
        "modulus-bytes": decode(RSA["n"]),
        "jwks": PUBLISHED,
        "empty": b"",
        "kid": b"rsa-1",
    }


@pytest.mark.parametrize("form", public_forms())
@pytest.mark.parametrize("kid", ["rsa-1", "ec-1", ...])
def test_a_public_key_is_no_shared_secret(runner, verifier, form, kid):
    """Algorithm confusion: HS256 with whatever anybody can read of the public key."""
    forged = sign(public_forms()[form], kid=kid)
    refused(runner, verifier, forged)
    refused(runner, make_verifier(PUBLISHED)[0], forged)


@pytest.mark.parametrize(
    "token",
    [
        f"{sign(rsa_key(), kid='rsa-1', alg='none').rpartition('.')[0]}.",
        sign(rsa_key(), kid="rsa-1", alg="none"),
        sign(rsa_key(), kid="rsa-1", alg="None"),
        sign(rsa_key(), kid="rsa-1", alg="rs256"),
        sign(rsa_key(), kid="rsa-1", alg="RS512"),
        sign(rsa_key(), kid="rsa-1", alg="PS256"),
        sign(rsa_key(), kid="rsa-1", alg="ES256"),
        sign(rsa_key(), kid="ec-1"),
        sign(rsa_key(), kid="ec-1", alg="ES256"),
        sign(ec_key(), kid="rsa-1"),
        sign(ec_key(), kid="rsa-1", alg="RS256"),
        sign(SECRET.encode(), alg="HS512"),
        sign(SECRET.encode(), kid="rsa-1", alg="RS256"),
        sign(rsa_key(1), kid="rsa-1"),
        sign(ec_key(1), kid="ec-1"),
        sign(ec_key(0, ec.SECP256K1), kid="ec-1"),
        sign(b"outro segredo, do mesmo tamanho e mais"),
        sign(rsa_key(), header=b'{"typ":"JWT","kid":"rsa-1"}'),
        sign(rsa_key(), kid="rsa-1", header={"alg": ["RS256"]}),
        sign(rsa_key(), header=b'{"alg":"RS256","kid":"rsa-1","alg":"RS256"}'),
    ],
)
def test_the_algorithm_is_the_keys_and_never_the_tokens(runner, verifier, token):
    refused(runner, verifier, token)


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"b64": False},
        {"cty": "JWT"},
        {"zip": "DEF"},
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": 1},
        {"typ": None},
    ],
)
def test_a_header_that_changes_what_is_signed_is_refused(runner, verifier, header):
    refused(runner, verifier, sign(rsa_key(), kid="rsa-1", header=header))


@pytest.mark.parametrize("name", ["jku", "x5u", "x5c", "jwk"])
def test_keys_that_a_token_brings_are_never_looked_at(runner, name):
    stranger = rsa_key(1)
    brought = {"jwk": jwk(stranger, "rsa-1"), "x5c": ["MII"]}.get(name, "https://ataque.exemplo/jwks.json")
    verifier, issuer = make_verifier(PUBLISHED)
    refused(runner, verifier, sign(stranger, kid="rsa-1", header={name: brought}))
    assert runner.run(verifier.verify(sign(rsa_key(), kid="rsa-1", header={name: brought}))) == CALLER
    assert issuer.asked == 1


@pytest.mark.parametrize(
    "kid",
    [
        "",
        "rsa-2",
        "RSA-1",
        "rsa-1 ",
        "rsa-1\x00",
        "../../../../dev/null",
        "/dev/null",
        "rsa-1' OR '1'='1",
        "' UNION SELECT 'x' --",
        "| id",
        "http://ataque.exemplo/chave",
        "\ud800",
        "k" * 257,
        "k" * 5000,
        None,
        0,
        1.5,
        True,
        ["rsa-1"],
        {"kid": "rsa-1"},
    ],
)
def test_a_kid_is_a_name_to_look_up_and_nothing_else(runner, verifier, kid):
    refused(runner, verifier, sign(rsa_key(), kid=kid))


@pytest.mark.parametrize("kid", ["", "k" * 257])
def test_a_name_that_no_key_can_have_is_not_asked_about(runner, kid):
    monotonic = Clock(0.0)
    verifier, issuer = make_verifier(PUBLISHED, monotonic=monotonic)
    runner.run(verifier.verify(sign(rsa_key(), kid="rsa-1")))
    monotonic.at += 60
    refused(runner, verifier, sign(rsa_key(), kid=kid))
    assert issuer.asked == 1
    refused(runner, verifier, sign(rsa_key(), kid="k" * 256))
    assert issuer.asked == 2


GOOD = sign(rsa_key(), kid="rsa-1")
HEAD, BODY, TAIL = GOOD.split(".")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        GOOD + ".",
        "." + GOOD,
        f"{GOOD}.{TAIL}",
        f"{GOOD} ",
        f" {GOOD}",
        f"{GOOD}\n",
        f"{HEAD}.\n{BODY}.{TAIL}",
        f"{GOOD}=",
        f"{HEAD}==.{BODY}.{TAIL}",
        f"{HEAD}.{BODY}.{TAIL[:-1]}",
        f"{HEAD}.{BODY}.",
        f"{HEAD}..{TAIL}",
        f"{HEAD}.{BODY}.{TAIL.replace('-', '+').replace('_', '/')}+",
        f"{HEAD[:10]} {HEAD[10:]}.{BODY}.{TAIL}",
        f"{HEAD}.{BODY}.{encode(decode(TAIL) + bytes(1))}",
        f"{HEAD}.{BODY}.{encode(bytes(1) + decode(TAIL))}",
        f"{HEAD}.{BODY}.{encode(bytes(256))}",
        GOOD.replace(".", "\uff0e"),
        GOOD + "é",
        "\ud800.b.c",
        "é",
        "A" * 100_000,
        f"{encode(b'[' * 3000)}.{BODY}.{TAIL}",
        f"{encode(b'[]')}.{BODY}.{TAIL}",
        f"{encode(b'null')}.{BODY}.{TAIL}",
        f"{encode(json.dumps({'alg': 'RS256', 'kid': 'rsa-1'}).encode('utf-16'))}.{BODY}.{TAIL}",
        f"{encode(bytes.fromhex('efbbbf') + decode(HEAD))}.{BODY}.{TAIL}",
        json.dumps({"payload": BODY, "signatures": [{"protected": HEAD, "signature": TAIL}]}),
    ],
)
def test_a_token_is_written_in_one_way_only(runner, verifier, token):
    refused(runner, verifier, token)


def test_stray_bits_at_the_end_of_a_signature_are_refused(runner, verifier):
    """Base64 lets the last character differ where its bits count for nothing: still another token."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twins = [GOOD[:-1] + alphabet[(alphabet.index(GOOD[-1]) & ~0b1111) + low] for low in range(16)]
    assert {decode(twin.rpartition(".")[2]) for twin in twins} == {decode(TAIL)}
    for twin in set(twins) - {GOOD}:
        refused(runner, verifier, twin)


def test_a_longer_token_is_not_even_parsed(runner, verifier):
    fitting = sign(rsa_key(), claims(x="x" * 5000), kid="rsa-1")
    too_long = sign(rsa_key(), claims(x="x" * 6000), kid="rsa-1")
    assert len(fitting) < 8192 < len(too_long)
    assert runner.run(verifier.verify(fitting)) == CALLER
    refused(runner, verifier, too_long)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'"x"',
        b"{",
        b"[" * 3000,
        b'{"a":' * 1500,
        b"\xff",
        json.dumps(claims()).encode("utf-16"),
        json.dumps(claims()).encode()[:-1] + b',"sub":"outro"}',
        json.dumps(claims()).encode()[:-1] + b',"sub":"banco-do-sul"}',
        json.dumps(claims(x=float("nan"))).encode(),
        json.dumps(claims()).encode()[:-1] + b',"x":1e999}',
        json.dumps(claims()).encode()[:-1] + b',"x":' + b"9" * 4400 + b"}",
    ],
)
def test_a_payload_is_one_plain_json_object(runner, verifier, payload):
    """Though the issuer's key signed it."""
    refused(runner, verifier, sign(rsa_key(), payload, kid="rsa-1"))


NOW = int(time.time())


@pytest.mark.parametrize(
    "changes",
    [
        *({name: ...} for name in ("exp", "iat", "iss", "aud", "sub")),
        *({name: None} for name in ("exp", "iat", "nbf", "iss", "aud", "sub", "scope", "finalidade", "titular")),
        *({"exp": value} for value in (str(NOW + 300), True, [NOW + 300], float("nan"), -1, 0, NOW - 11, 10**300)),
        *({"exp": value} for value in (253_402_300_800, float("inf"), 1e300, {}, "")),
        *({"nbf": value} for value in (NOW + 80_000, str(NOW), False, -1, 10**300)),
        *({"iat": value} for value in (NOW + 80_000, str(NOW), True, -1)),
        *({"iss": value} for value in ("outro", "", "https://emissor.exemplo/escore/", ["https://emissor.exemplo/escore"])),
        *({"aud": value} for value in ("outra", "", [], ["outra"], [[AUDIENCE]], [AUDIENCE, 1], {AUDIENCE: 1}, 1)),
        *({"aud": value} for value in (f"{AUDIENCE} ", AUDIENCE.upper(), f"{AUDIENCE},outra")),
        *({"sub": value} for value in ("", " ", " banco", "banco ", "ban\nco", "ban\x00co", "\u202ebanco", "b" * 129)),
        *({"sub": value} for value in (1, True, ["banco"], {"nome": "banco"}, "\ud800", "titular", "\u0665")),
        *({"sub": value} for value in (CPF, f"maria-{CPF}", "529.982.247-25", f"a{CPF}b", "5 2 9 9 8 2 2 4 7 2 5")),
        *({"sub": value} for value in ("12345678-529.982.247-25", "529/982/247/25", f"cpf:{CPF}", FULL_WIDTH)),
        {"sub": "Titular"},
        *({"scope": value} for value in (["score:ler"], {"score:ler": True}, 1, True)),
        *({"finalidade": value} for value in (CPF, "", 1, ["x"], "⁵²⁹", "a" * 81, "titular", "TITULAR")),
        *({"titular": value} for value in ("", 1, True, [], "c 1", "c" * 37, "ç", {"id": "c1"})),
        *({"titular": "c1", "titular_cpf": value} for value in (None, "", 1, "52998224724", "529.982.247-25", "1")),
        {"titular_cpf": CPF},
        {"titular": "c1", "sub": ""},
        {"titular": "c1", "sub": 1},
        {"titular": "c1", "sub": ...},
    ],
    ids=",".join,
)  # fmt: skip
def test_claims_of_the_wrong_kind_refuse_the_whole_token(runner, verifier, changes):
    refused(runner, verifier, sign(rsa_key(), claims(**changes), kid="rsa-1"))


@pytest.mark.parametrize(
    "subject", ["cnpj 11.222.333/0001-81", "11222333000181", "52998224724", "Crédito & Cia.", "a" * 128]
)
def test_a_name_that_is_no_cpf_is_taken_as_it_is(runner, verifier, subject):
    caller = runner.run(verifier.verify(sign(rsa_key(), claims(sub=subject), kid="rsa-1")))
    assert caller.subject == subject


def test_scopes_are_the_known_ones_alone(runner, verifier):
    token = sign(
        rsa_key(), claims(scope=f"openid score:ler  x/clientes:ler {AUDIENCE}/eventos:ler SCORE:LER\tx"), kid="rsa-1"
    )
    assert runner.run(verifier.verify(token)).scopes == {"score:ler", "eventos:ler"}
    for none in ("", "   ", "profile"):
        token = sign(rsa_key(), claims(scope=none), kid="rsa-1")
        assert runner.run(verifier.verify(token)).scopes == frozenset()
    assert runner.run(verifier.verify(sign(rsa_key(), claims(scope=...), kid="rsa-1"))).scopes == frozenset()


def test_a_titular_is_known_by_nothing_but_the_titulars_claims(runner, verifier):
    """The subject of a person's own login may be a CPF: it goes no further than this."""
    token = sign(rsa_key(), claims(sub=CPF, titular="c1", titular_cpf=CPF, finalidade="cobranca"), kid="rsa-1")
    caller = runner.run(verifier.verify(token))
    assert caller == Caller("titular", CALLER.scopes, "titular", Titular("c1", CPF))
    assert caller.titular.is_client("c1")
    assert not caller.titular.is_client("c2")
    assert caller.titular.is_cpf("529.982.247-25")
    assert not caller.titular.is_cpf("11144477735")
    assert not Titular("c1").is_cpf(CPF)


def test_a_remembered_token_ends_with_its_time(runner):
    now = Clock(time.time())
    verifier, _ = make_verifier(PUBLISHED, now=now)
    token = sign(rsa_key(), claims(exp=now.at + 300), kid="rsa-1")
    runner.run(verifier.verify(token))
    now.at += 309
    assert recall(runner, verifier, token) == CALLER
    now.at += 2
    assert recall(runner, verifier, token) is None
    refused(runner, verifier, token)


def test_no_more_tokens_are_remembered_than_fit(runner, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_REMEMBERED", 3)
    verifier, _ = make_verifier(PUBLISHED)
    given = [sign(ec_key(), claims(jti=number), kid="ec-1") for number in range(4)]
    for token in given[:3]:
        runner.run(verifier.verify(token))
    recall(runner, verifier, given[0])
    runner.run(verifier.verify(given[3]))
    assert [recall(runner, verifier, token) is not None for token in given] == [True, False, True, True]


def test_without_a_secret_or_without_keys_the_other_kind_is_refused(runner):
    by_keys, _ = make_verifier(PUBLISHED)
    refused(runner, by_keys, sign(SECRET.encode()))
    by_secret = TokenVerifier(by_keys._rules, secret=SECRET.encode())
    assert runner.run(by_secret.verify(sign(SECRET.encode()))) == CALLER
    refused(runner, by_secret, GOOD)
