"""When keys are fetched, how long a set is trusted, and what a flood of unknown keys costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.exceptions import HTTPException

from serve.access.callers import Caller
from serve.access.jwks_source import MAX_STALE_SECONDS, FetchError, FileFetch, KeySource
from serve.access.jwks_url import UrlFetch
from serve.access.tokens import TokenVerifier, open_source
from tests.token_samples import PACE, RULES, Clock, Issuer, ec_key, jwk, jwks, make_verifier, rsa_key, sign

OLD, NEW = jwk(rsa_key(), "velha"), jwk(ec_key(), "nova")
BY_OLD, BY_NEW = sign(rsa_key(), kid="velha"), sign(ec_key(), kid="nova")


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def status(runner: asyncio.Runner, verifier: TokenVerifier, token: str) -> int:
    """Return 200 or the status that a token is refused with, asked as the API does."""

    async def ask() -> Caller:
        return verifier.recall(token) or await verifier.verify(token)

    try:
        runner.run(ask())
    except HTTPException as error:
        return error.status_code
    return 200


def rest(runner: asyncio.Runner) -> None:
    """Let what runs in the background run."""
    runner.run(asyncio.sleep(0.01))


def test_the_first_token_waits_for_the_keys_and_the_rest_share_them(runner):
    verifier, issuer = make_verifier(jwks(OLD, NEW))

    async def many() -> list[Caller]:
        return await asyncio.gather(*(verifier.verify(token) for token in [BY_OLD, BY_NEW] * 50))

    assert len(runner.run(many())) == 100
    assert issuer.asked == 1


def test_before_any_keys_are_there_the_answer_is_503(runner):
    clock = Clock(1000.0)
    verifier, issuer = make_verifier(None, monotonic=clock)
    with pytest.raises(HTTPException) as raised:
        runner.run(verifier.verify(BY_OLD))
    assert raised.value.status_code == 503
    assert raised.value.headers == {"Retry-After": "10"}
    clock.at += 9.5
    with pytest.raises(HTTPException) as raised:
        runner.run(verifier.verify(BY_OLD))
    assert raised.value.headers == {"Retry-After": "1"}
    assert issuer.asked == 1
    assert status(runner, verifier, "x.y.z") == 401
    issuer.document = jwks(OLD)
    clock.at += 1
    assert status(runner, verifier, BY_OLD) == 200
    assert issuer.asked == 2


def test_a_flood_of_unknown_keys_costs_one_fetch(runner):
    clock = Clock(0.0)
    verifier, issuer = make_verifier(jwks(OLD), monotonic=clock)
    assert status(runner, verifier, BY_OLD) == 200
    clock.at += 60

    async def flood() -> None:
        tokens = [sign(ec_key(), kid=f"inventada-{number}") for number in range(200)]
        found = await asyncio.gather(*(verifier.verify(token) for token in tokens), return_exceptions=True)
        assert {getattr(one, "status_code", None) for one in found} == {401}

    runner.run(flood())
    assert issuer.asked == 2
    clock.at += 9.9
    runner.run(flood())
    assert issuer.asked == 2
    clock.at += 0.2
    runner.run(flood())
    assert issuer.asked == 3


def test_a_new_key_is_found_by_the_first_token_that_it_signed(runner):
    clock = Clock(0.0)
    verifier, issuer = make_verifier(jwks(OLD), monotonic=clock)
    assert status(runner, verifier, BY_OLD) == 200
    issuer.document = jwks(OLD, NEW)
    assert status(runner, verifier, BY_NEW) == 401
    clock.at += 10
    assert status(runner, verifier, BY_NEW) == 200
    assert issuer.asked == 2


@pytest.mark.parametrize("document", [b'{"keys": []}', b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}'])
def test_a_set_without_keys_withdraws_them_all(runner, document):
    clock = Clock(0.0)
    verifier, issuer = make_verifier(jwks(OLD), monotonic=clock)
    assert status(runner, verifier, BY_OLD) == 200
    issuer.document = document
    clock.at = 601
    status(runner, verifier, BY_OLD)
    rest(runner)
    assert status(runner, verifier, BY_OLD) == 401
    issuer.document = jwks(OLD)
    clock.at = 1300
    assert status(runner, verifier, BY_OLD) == 200


def test_a_set_is_fetched_anew_in_the_background_and_nobody_waits(runner):
    clock = Clock(0.0)
    verifier, issuer = make_verifier(jwks(OLD), monotonic=clock)
    assert status(runner, verifier, BY_OLD) == 200
    clock.at = 599
    assert status(runner, verifier, BY_OLD) == 200
    rest(runner)
    assert issuer.asked == 1
    clock.at = 601
    issuer.document = jwks(NEW)

    async def recall_at_once() -> Caller | None:
        return verifier.recall(BY_OLD)

    assert runner.run(recall_at_once()) is not None
    rest(runner)
    assert issuer.asked == 2
    assert status(runner, verifier, BY_OLD) == 401
    assert status(runner, verifier, BY_NEW) == 200


def test_a_set_that_did_not_change_forgets_no_token(runner):
    clock = Clock(0.0)
    verifier, issuer = make_verifier(jwks(OLD), monotonic=clock)
    assert status(runner, verifier, BY_OLD) == 200
    clock.at = 601

    async def recall() -> Caller | None:
        return verifier.recall(BY_OLD)

    runner.run(recall())
    rest(runner)
    assert issuer.asked == 2
    assert runner.run(recall()) is not None


def test_a_process_that_slept_asks_before_it_trusts(runner):
    """A key withdrawn meanwhile opens nothing, not even for a token that is remembered."""
    clock = Clock(0.0)
    verifier, issuer = make_verifier(jwks(OLD), monotonic=clock)
    assert status(runner, verifier, BY_OLD) == 200
    issuer.document = jwks(NEW)
    clock.at = 2 * PACE.every + 1
    assert status(runner, verifier, BY_OLD) == 401


@pytest.mark.parametrize("document", [None, b"<html>", jwks(NEW, NEW), jwks(jwk(rsa_key(), "x", private=True))])
def test_the_last_good_set_stays_for_a_day(runner, document):
    clock = Clock(0.0)
    verifier, issuer = make_verifier(jwks(OLD), monotonic=clock)
    assert status(runner, verifier, BY_OLD) == 200
    issuer.document = document
    clock.at = MAX_STALE_SECONDS - 1
    assert status(runner, verifier, BY_OLD) == 200
    assert issuer.asked == 2
    clock.at += 10
    assert status(runner, verifier, BY_OLD) == 503
    clock.at += 30
    issuer.document = jwks(OLD)
    assert status(runner, verifier, BY_OLD) == 200


def test_an_issuer_that_is_out_is_asked_every_half_minute(runner):
    clock = Clock(0.0)
    verifier, issuer = make_verifier(jwks(OLD), monotonic=clock)
    assert status(runner, verifier, BY_OLD) == 200
    issuer.document = None
    for second in range(601, 721):
        clock.at = float(second)
        assert status(runner, verifier, BY_OLD) == 200
        rest(runner)
    assert issuer.asked == 5


def test_the_log_tells_that_keys_are_stale_and_nothing_of_them(runner, caplog):
    verifier, issuer = make_verifier(None)
    with caplog.at_level("INFO", logger="escore.api"):
        status(runner, verifier, BY_OLD)
        issuer.document = jwks(OLD, jwk(ec_key(), "sigilo", use="enc"))
        verifier._source._due = 0.0
        status(runner, verifier, BY_OLD)
    assert [record.getMessage() for record in caplog.records] == [
        "JWKS: not refreshed, the last good set stays: nobody there",
        "JWKS: left aside: key 2: it is not for signatures",
    ]


def test_nobody_waits_for_a_slow_issuer_longer_than_bearable(runner):
    """The fetch goes on without those who gave up, so that the keys do arrive."""

    class Slow(Issuer):
        async def __call__(self) -> bytes:
            await asyncio.sleep(0.3)
            return await super().__call__()

    issuer = Slow(jwks(OLD))
    source = KeySource(issuer, replace(PACE, patience=0.05))
    verifier = TokenVerifier(RULES, source=source)
    started = time.monotonic()
    assert status(runner, verifier, BY_OLD) == 503
    assert time.monotonic() - started < 0.25
    runner.run(asyncio.sleep(0.3))
    assert status(runner, verifier, BY_OLD) == 200
    assert issuer.asked == 1


def test_closing_ends_a_fetch_that_is_on_its_way(runner):
    class Silent(Issuer):
        async def __call__(self) -> bytes:
            await asyncio.sleep(60)
            return b""

    source = KeySource(Silent(None), PACE)
    verifier = TokenVerifier(RULES, source=source)
    started = time.monotonic()
    runner.run(verifier.open())
    runner.run(verifier.close())
    assert time.monotonic() - started < 5
    assert not runner.run(all_tasks())


async def all_tasks() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


def test_a_file_is_read_again_when_it_changes(runner, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks(OLD))
    verifier = TokenVerifier(RULES, source=open_source(str(path)))
    assert status(runner, verifier, BY_OLD) == 200
    path.write_bytes(jwks(NEW))
    runner.run(asyncio.sleep(1.05))
    assert status(runner, verifier, BY_NEW) == 200
    assert status(runner, verifier, BY_OLD) == 401
    path.write_bytes(b"half a fi")
    runner.run(asyncio.sleep(1.05))
    assert status(runner, verifier, BY_NEW) == 200
    runner.run(verifier.close())


@pytest.mark.parametrize(
    ("content", "word"),
    [(None, "cannot be read"), (b"", "not a JWKS"), (b" " * 300_000, "longer than"), (jwks(OLD, OLD), "same kid")],
)
def test_a_file_that_is_no_key_set_is_told_at_the_start(tmp_path, content, word):
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=word):
        open_source(str(path))


def test_a_folder_is_no_file(runner, tmp_path):
    with pytest.raises(FetchError, match="cannot be read"):
        runner.run(FileFetch(tmp_path)())


@pytest.mark.parametrize(
    "url",
    [
        "http://emissor.exemplo/jwks.json",
        "http://10.0.0.1/jwks.json",
        "http://127.0.0.1.exemplo.br/jwks.json",
        "http://localhost.exemplo/jwks.json",
        "http://user@localhost/jwks.json",
        "https://user:senha@emissor.exemplo/jwks.json",
        "https:///jwks.json",
        "https://[::1/jwks.json",
        "https://emissor.exemplo:99999/jwks.json",
        "file:///etc/jwks.json",
        "ftp://emissor.exemplo/jwks.json",
        "s3://balde/jwks.json",
    ],
)
def test_keys_come_by_https_or_from_this_machine(url):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - one of four texts
        open_source(url)
    assert "senha" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["https://emissor.exemplo/jwks", "http://localhost:1/x", "http://127.1.2.3/x", "http://[::1]:80/x"]
)
def test_an_issuer_is_not_asked_before_it_is_needed(url):
    assert UrlFetch(url)
    assert open_source(url)
