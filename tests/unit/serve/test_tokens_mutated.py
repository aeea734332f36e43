"""Tokens changed at random: never accepted, and never anything but a 401."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from serve.access.callers import SCOPES, Caller, is_purpose, is_subject
from serve.access.tokens import TokenVerifier
from tests.token_samples import (
    AUDIENCE,
    ISSUER,
    SECRET,
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

KEYS = {"rsa-1": rsa_key(), "ec-1": ec_key(), ...: SECRET.encode()}
GOOD = [sign(key, claims(), kid=kid) for kid, key in KEYS.items()]
GOOD += [sign(key, claims(sub="outro-banco", titular="c1"), kid=kid) for kid, key in KEYS.items()]
PUBLISHED = jwks(jwk(rsa_key(), "rsa-1"), jwk(ec_key(), "ec-1"))
RUNNER = asyncio.Runner()
STRANGERS = [rsa_key(1), ec_key(1), b"outro segredo, tambem de trinta e dois bytes", b"", PUBLISHED]

few = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def verifier() -> TokenVerifier:
    return make_verifier(PUBLISHED, secret=SECRET.encode())[0]


def ask(verifier: TokenVerifier, token: str) -> Caller | None:
    """Return whom the token lets in as the API asks it, None for a 401; anything else is raised."""

    async def call() -> Caller:
        return verifier.recall(token) or await verifier.verify(token)

    try:
        return RUNNER.run(call())
    except HTTPException as error:
        if error.status_code != 401:
            raise
        return None


@st.composite
def with_other_characters(draw: st.DrawFn) -> str:
    """A good token with one to three characters changed, added, taken away or doubled, anywhere."""
    token = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(token) - 1))
        new = draw(st.one_of(st.sampled_from("ABab09-_.=+/ \n\t\0"), st.characters()))
        kind = draw(st.sampled_from(["change", "add", "take", "double", "cut"]))
        rest = {"change": new + token[place + 1 :], "add": new + token[place:], "take": token[place + 1 :]}
        rest |= {"double": token[place] + token[place:], "cut": ""}
        token = (token[:place] + rest[kind]) or "x"
    return token


@st.composite
def with_other_bytes(draw: st.DrawFn) -> str:
    """A good token with bytes of its header, payload or signature changed, and encoded again as it should be."""
    parts = draw(st.sampled_from(GOOD)).split(".")
    for number in draw(st.sets(st.integers(0, 2), min_size=1)):
        body = bytearray(decode(parts[number]))
        for _ in range(draw(st.integers(1, 3))):
            body[draw(st.integers(0, len(body) - 1))] ^= draw(st.integers(1, 255))
        parts[number] = encode(bytes(body))
    return ".".join(parts)


@st.composite
def with_other_segments(draw: st.DrawFn) -> str:
    """Segments of good tokens, mixed, out of order, left out or repeated."""
    segments = [segment for token in GOOD for segment in token.split(".")]
    return ".".join(draw(st.lists(st.sampled_from([*segments, "", "e30"]), max_size=5)))


names = st.sampled_from(["rsa-1", "ec-1", ..., "", "outra", None, 1])
algorithms = st.sampled_from(["HS256", "RS256", "ES256", "none", "HS512", "PS256", "", "rs256"])


@st.composite
def by_other_keys(draw: st.DrawFn) -> str:
    """Good claims signed by somebody else, under any key's name and any algorithm's."""
    return sign(draw(st.sampled_from(STRANGERS)), kid=draw(names), alg=draw(algorithms))


@st.composite
def with_other_claimed_algorithms(draw: st.DrawFn) -> str:
    """Good claims signed by a good key under the wrong name, or the wrong algorithm."""
    right, kid, alg = draw(st.sampled_from(list(KEYS))), draw(names), draw(algorithms)
    is_good = {"rsa-1": "RS256", "ec-1": "ES256", ...: "HS256"}[right] == alg
    assume(not (is_good and (kid == right or (right is ... and kid in ("rsa-1", "ec-1", "outra")))))
    return sign(KEYS[right], kid=kid, alg=alg)


KINDS: dict[str, st.SearchStrategy[str]] = {
    "characters": with_other_characters(),
    "bytes": with_other_bytes(),
    "segments": with_other_segments(),
    "other keys": by_other_keys(),
    "other algorithms": with_other_claimed_algorithms(),
    "text": st.text(max_size=200),
}


def refuse_all(verifier: TokenVerifier, kind: str, profile: Callable[[Any], Any]) -> None:
    for token in GOOD:
        assert ask(verifier, token) is not None

    @profile
    @given(KINDS[kind])
    def try_one(token: str) -> None:
        assume(token not in GOOD)
        assert ask(verifier, token) is None

    try_one()


@pytest.mark.parametrize("kind", KINDS)
def test_no_changed_token_is_accepted(verifier, kind):
    refuse_all(verifier, kind, few)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_no_changed_token_is_accepted_among_many(verifier, kind):
    refuse_all(verifier, kind, many)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
claim_values = json_values | st.sampled_from(
    [ISSUER, AUDIENCE, "score:ler", "c1", "52998224725", "titular", 0, 10**12, ...]
)
claim_names = st.sampled_from(
    ["iss", "aud", "sub", "scope", "exp", "nbf", "iat", "finalidade", "titular", "titular_cpf"]
)


def obey_rules(profile: Callable[[Any], Any]) -> None:
    verifier, _ = make_verifier(PUBLISHED)

    @profile
    @given(st.dictionaries(claim_names, claim_values, max_size=4))
    def try_one(changes: dict[str, Any]) -> None:
        given_claims = claims(**changes)
        caller = ask(verifier, sign(ec_key(), json.dumps(given_claims).encode(), kid="ec-1"))
        event("accepted" if caller else "refused")
        if caller is None:
            assert changes
            return
        assert caller.scopes <= SCOPES.keys()
        assert caller.finalidade is None or is_purpose(caller.finalidade)
        assert (caller.subject == "titular") == (caller.titular is not None) == ("titular" in given_claims)
        assert caller.titular or (is_subject(caller.subject) and caller.subject == given_claims["sub"])
        assert given_claims["iss"] == ISSUER
        assert given_claims["aud"] in (AUDIENCE, [AUDIENCE]) or AUDIENCE in given_claims["aud"]
        assert given_claims["exp"] > time.time() - 11

    try_one()


def test_whatever_the_issuer_signs_is_accepted_by_the_rules_or_refused():
    obey_rules(few)


@pytest.mark.long
def test_whatever_the_issuer_signs_is_accepted_by_the_rules_or_refused_among_much():
    obey_rules(many)
