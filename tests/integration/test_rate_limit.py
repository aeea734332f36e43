"""How often a consulente may ask, on a real Redis: rate, quota, several processes, Redis out and back."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
import pytest
import redis
from fastapi import Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from contracts.settings import Settings
from serve.access.callers import Caller
from serve.access.guard import Guard, Reader
from serve.access.meters import MAX_METERS, Limits, LocalMeters
from serve.access.rate_limit import RateLimiter
from serve.access.titular import Titular
from serve.api.problems import install_problems
from serve.auditing.entry import AuditEntry, AuditLag
from serve.sources.redis_pipe import RedisPipe
from stores.embedded.valkey import ValkeyServer
from tests.api_server import running
from tests.store_processes import StoreProcess
from tests.token_samples import claims, ec_key, jwk, jwks, make_verifier, sign

SECRET = b"segredo-das-chaves-com-32-bytes-ou-mais"
TIMEOUT = 0.3
NOON = datetime(2025, 12, 31, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Moment:
    """A clock that is set by hand."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    with StoreProcess(ValkeyServer, tmp_path_factory.mktemp("valkey")) as process:
        yield process


@pytest.fixture
def cache(valkey: StoreProcess) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.urls["redis_url"]) as client:
        client.flushdb()
        yield client


class Office:
    """Limiters of an installation's processes on one Redis, and what they were let do without it."""

    def __init__(self, url: str | None, limits: Limits, *, processes: int = 1) -> None:
        self.clock = Moment()
        self.unlimited = 0
        self.pipes = [RedisPipe(url, timeout=TIMEOUT) for _ in range(processes)] if url else []
        self.limiters = [
            RateLimiter(pipe, limits, clock=self.clock, secret=SECRET, on_unlimited=self._count)
            for pipe in (self.pipes or [None])
        ]

    def _count(self) -> None:
        self.unlimited += 1

    async def ask(self, name: str = "banco", *, persons: int = 1, requests: int = 1, process: int = 0) -> int:
        """Return 0 if allowed, else the seconds of Retry-After."""
        try:
            await self.limiters[process].begin(name, persons=persons, requests=requests).settle()
        except HTTPException as error:
            return int(error.headers["Retry-After"]) if error.status_code == 429 else -1
        return 0


def run(url: str | None, limits: Limits, body: Callable[[Office], Coroutine[Any, Any, None]], **options: int) -> None:
    async def inside() -> None:
        office = Office(url, limits, **options)
        try:
            await body(office)
        finally:
            for pipe in office.pipes:
                await pipe.close()

    asyncio.run(inside())


@pytest.fixture(params=["redis", "local"])
def place(request: pytest.FixtureRequest, valkey: StoreProcess, cache: redis.Redis) -> str | None:
    return valkey.urls["redis_url"] if request.param == "redis" else None


def test_as_many_at_once_as_the_burst_then_one_at_a_time(place):
    async def body(office: Office) -> None:
        answers = await asyncio.gather(*(office.ask() for _ in range(30)))
        assert answers.count(0) == 20
        assert set(answers) == {0, 1}
        assert await office.ask("outro banco") == 0
        await asyncio.sleep(1.05)
        assert [await office.ask() for _ in range(4)].count(0) == 2

    run(place, Limits(2.0, 20), body)


def test_the_wait_is_told_in_whole_seconds(place):
    async def body(office: Office) -> None:
        assert [await office.ask() for _ in range(3)] == [0, 10, 10]

    run(place, Limits(0.1, 1), body)


def test_a_refused_request_costs_nothing(place):
    """Who keeps asking is let in again no later than who waits."""

    async def body(office: Office) -> None:
        await office.ask()
        started = time.monotonic()
        while await office.ask():
            await asyncio.sleep(0.01)
        assert 0.35 < time.monotonic() - started < 0.9

    run(place, Limits(2.0, 1), body)


def test_processes_share_one_rate(valkey, cache):
    async def body(office: Office) -> None:
        answers = await asyncio.gather(*(office.ask(process=number % 4) for number in range(100)))
        assert answers.count(0) == 50

    run(valkey.urls["redis_url"], Limits(0.5, 50), body, processes=4)


def test_a_long_quiet_time_saves_up_no_more_than_the_burst(valkey, cache):
    async def body(office: Office) -> None:
        await office.ask()
        [key] = cache.keys("escore:limite:*")
        cache.set(key, 1)
        assert [await office.ask() for _ in range(5)].count(0) == 3
        cache.set(key, 10**16)
        assert await office.ask() == 10

    run(valkey.urls["redis_url"], Limits(0.1, 3), body)


def test_persons_count_to_the_day(valkey, cache):
    async def body(office: Office) -> None:
        assert await office.ask(persons=1000) == 0
        assert await office.ask(persons=400) == 0
        assert await office.ask(persons=101) > 0
        assert await office.ask(persons=100) == 0
        assert await office.ask(persons=1) == 12 * 3600
        assert await office.ask("outro banco", persons=1500) == 0
        assert await office.ask("terceiro banco", persons=1501) > 0
        assert await office.ask("terceiro banco", persons=1500) == 0

    run(valkey.urls["redis_url"], Limits(1000.0, 1000, 1500), body)


def test_who_has_no_quota_left_loses_no_request_by_asking(valkey, cache):
    async def body(office: Office) -> None:
        assert await office.ask(persons=10) == 0
        for _ in range(50):
            assert await office.ask(persons=1) == 12 * 3600
        assert [await office.ask(persons=0) for _ in range(5)] == [0, 0, 0, 0, 10]
        assert await office.ask(persons=0, requests=0) == 0

    run(valkey.urls["redis_url"], Limits(0.1, 5, 10), body)


def test_who_asks_too_often_loses_no_quota(valkey, cache):
    async def body(office: Office) -> None:
        assert await office.ask(persons=4) == 0
        for _ in range(10):
            assert await office.ask(persons=4) == 10
        assert await office.ask(persons=6, requests=0) == 0
        assert await office.ask(persons=1, requests=0) == 12 * 3600

    run(valkey.urls["redis_url"], Limits(0.1, 1, 10), body)


def test_the_day_is_sao_paulos(valkey, cache):
    async def body(office: Office) -> None:
        office.clock.at = datetime(2026, 1, 1, 2, 59, 59, tzinfo=UTC)
        assert await office.ask(persons=10) == 0
        assert await office.ask() == 1
        office.clock.at += timedelta(seconds=1)
        assert await office.ask(persons=10) == 0
        assert await office.ask() == 24 * 3600
        assert sorted(key[-8:] for key in cache.keys("escore:cota:*")) == [b"20251231", b"20260101"]
        office.clock.at -= HOUR
        assert await office.ask() == HOUR.seconds

    run(valkey.urls["redis_url"], Limits(1000.0, 1000, 10), body)


def test_what_redis_keeps_names_nobody_and_goes_by_itself(valkey, cache):
    async def body(office: Office) -> None:
        for name in ("banco", "titular\0c1", "outro banco"):
            await office.ask(name, persons=3)
        keys = cache.keys("*")
        assert len(keys) == 6
        assert not [key for key in keys if b"banco" in key or b"titular" in key or b"c1" in key]
        for key in keys:
            seconds = cache.ttl(key)
            assert 0 < seconds <= (25 * 3600 if key.startswith(b"escore:cota:") else 11), key
            assert cache.get(key).isdigit()

    run(valkey.urls["redis_url"], Limits(0.1, 10, 100), body)


def test_two_secrets_give_two_names(valkey, cache):
    async def body(office: Office) -> None:
        other = RateLimiter(office.pipes[0], Limits(0.1, 1), clock=office.clock, secret=SECRET * 2)
        await office.ask()
        await other.begin("banco").settle()
        assert len(cache.keys("*")) == 2

    run(valkey.urls["redis_url"], Limits(0.1, 1), body)


def test_without_redis_the_rate_holds_and_persons_are_not_counted(valkey, cache):
    async def body(office: Office) -> None:
        assert await office.ask(persons=10) == 0
        assert office.unlimited == 0
        valkey.kill()
        started = time.monotonic()
        answers = [await office.ask(persons=1000) for _ in range(10)]
        assert answers == [0, 0, 0, *[answers[-1]] * 7]
        assert answers[-1] > 0
        assert time.monotonic() - started < 3 * TIMEOUT
        assert office.unlimited == 3
        valkey.start()
        await asyncio.sleep(1.6)
        assert await office.ask(persons=1) == 12 * 3600

    run(valkey.urls["redis_url"], Limits(0.1, 3, 10), body)


def test_a_redis_that_hangs_costs_its_time_limit_once(valkey, cache):
    async def body(office: Office) -> None:
        await office.ask()
        valkey.freeze()
        try:
            started = time.monotonic()
            assert await asyncio.gather(*(office.ask() for _ in range(5))) == [0] * 5
            assert time.monotonic() - started < 3 * TIMEOUT
            assert [await office.ask() for _ in range(5)] == [0] * 5
            assert time.monotonic() - started < 5 * TIMEOUT
            started = time.monotonic()
            assert [await office.ask() for _ in range(5)] == [0] * 5
            assert time.monotonic() - started < TIMEOUT
            assert office.unlimited == 15
        finally:
            valkey.thaw()

    run(valkey.urls["redis_url"], Limits(10.0, 20, 5), body)


def test_a_redis_that_forgot_the_script_is_told_it_again(valkey, cache):
    async def body(office: Office) -> None:
        await office.ask()
        cache.script_flush()
        assert await office.ask() == 0
        assert office.unlimited == 1
        assert await office.ask() == 0
        assert office.unlimited == 1

    run(valkey.urls["redis_url"], Limits(1.0, 10), body)


def test_a_redis_that_may_not_write_is_no_redis(valkey, cache):
    async def body(office: Office) -> None:
        await office.ask()
        [key] = cache.keys("*")
        cache.delete(key)
        cache.rpush(key, "not a number")
        assert await office.ask() == 0
        assert office.unlimited == 1

    run(valkey.urls["redis_url"], Limits(1.0, 10), body)


def test_a_question_that_nobody_asks_again_is_answered_once(valkey, cache):
    async def body(office: Office) -> None:
        tickets = [office.limiters[0].begin("banco") for _ in range(2)]
        await tickets[0].settle()
        await tickets[0].settle()
        with pytest.raises(HTTPException):
            await tickets[1].settle()

    run(valkey.urls["redis_url"], Limits(0.1, 1), body)


def test_local_meters_forget_those_who_are_quiet():
    microseconds = [0]
    meters = LocalMeters(1000, 2, clock=lambda: microseconds[0])
    for number in range(MAX_METERS):
        assert meters.wait(b"%d" % number, 1) == 0
    assert (meters.wait(b"0", 1), meters.wait(b"0", 1)) == (0, 1000)
    microseconds[0] = 1500
    assert meters.wait(b"new", 1) == 0
    assert len(meters._full_at) == 2
    assert (meters.wait(b"0", 1), meters.wait(b"0", 1)) == (0, 500)
    microseconds[0] = 10**9
    assert [meters.wait(b"0", 1) for _ in range(3)] == [0, 0, 1000]


# ---------------------------------------------------------------------------------------------------------------
# over HTTP


class Trail:
    """An audit that counts."""

    def __init__(self) -> None:
        self.subjects: list[int] = []

    async def record(self, entry: AuditEntry) -> None:
        self.subjects.append(len(entry.subjects))

    def lag(self) -> AuditLag:
        return AuditLag()

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None


@contextmanager
def served(url: str, limits: Limits) -> Iterator[tuple[Callable[..., httpx.Response], Trail]]:
    verifier, _ = make_verifier(jwks(jwk(ec_key(), "k")))
    trail = Trail()
    limiter = RateLimiter(RedisPipe(url, timeout=TIMEOUT), limits, clock=Moment(), secret=SECRET)
    guard = Guard(verifier, trail, limiter)
    app = FastAPI()
    install_problems(app)

    @app.get("/pessoas/{count}")
    async def read(count: int, reader: Annotated[Reader, Depends(guard.reader("score:ler"))]) -> JSONResponse:
        await reader.record(["x"] * count)
        return JSONResponse(count)

    @app.get("/clientes/{cliente_id}")
    async def read_one(cliente_id: str, reader: Annotated[Reader, Depends(guard.reader("score:ler"))]) -> JSONResponse:
        await reader.record([cliente_id])
        return JSONResponse({})

    with running(app) as address:

        def get(path: str, **changes: Any) -> httpx.Response:
            token = sign(ec_key(), claims(**changes), kid="k")
            return httpx.get(address + path, headers={"Authorization": f"Bearer {token}"})

        yield get, trail


def test_too_many_requests_are_a_429(valkey, cache):
    with served(valkey.urls["redis_url"], Limits(0.1, 3)) as (get, trail):
        assert [get("/pessoas/1").status_code for _ in range(3)] == [200] * 3
        refused = get("/pessoas/1")
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["retry-after"] == "10"
        assert refused.headers["ratelimit-policy"] == '"requisicoes";q=3;w=30'
        assert refused.headers["ratelimit"] == '"requisicoes";r=0;t=10'
        assert refused.json()["status"] == 429
        assert get("/pessoas/1", scope="").status_code == 403
        assert get("/pessoas/1", finalidade=...).status_code == 400
        assert get("/pessoas/1", sub="outro-banco").status_code == 200
    assert trail.subjects == [1, 1, 1, 1]


def test_each_titular_is_limited_alone(valkey, cache):
    with served(valkey.urls["redis_url"], Limits(0.1, 1)) as (get, _):
        assert [get(f"/clientes/{name}", titular=name).status_code for name in ("c1", "c2", "c1")] == [200, 200, 429]
        assert get("/clientes/c3").status_code == 200


def test_who_was_read_counts_whatever_the_endpoint_asked_for(valkey, cache):
    with served(valkey.urls["redis_url"], Limits(100.0, 100, 50)) as (get, trail):
        assert get("/pessoas/30").status_code == 200
        refused = get("/pessoas/21")
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == str(12 * 3600)
        assert refused.headers["ratelimit"] == f'"pessoas";r=0;t={12 * 3600}'
        assert refused.headers["ratelimit-policy"].endswith('"pessoas";q=50;w=86400')
        assert get("/pessoas/19").status_code == 200
        assert get("/pessoas/0").status_code == 429
    assert trail.subjects == [30, 19]


def test_a_reader_is_counted_even_if_its_endpoint_forgets(valkey, cache):
    async def body(office: Office) -> None:
        trail = Trail()
        scope: Any = {"headers": [], "state": {}}
        caller = Caller("banco", frozenset(), "x")
        for _ in range(2):
            await Reader(caller, "x", scope, audit=trail, limiter=office.limiters[0]).record(["a"])
        with pytest.raises(HTTPException, match="requisições demais"):
            await Reader(caller, "x", scope, audit=trail, limiter=office.limiters[0]).record(["a"])
        reader = Reader(caller, "x", scope, audit=trail, limiter=office.limiters[0])
        reader.begin(persons=1)
        with pytest.raises(HTTPException, match="requisições demais"):
            await reader.record(["a"])
        titular = Caller("titular", frozenset(), "titular", Titular("c1"))
        with pytest.raises(HTTPException, match="próprio titular"):
            await Reader(titular, "titular", scope, audit=trail, limiter=None).record(["a"])
        assert trail.subjects == [1, 1]

    run(valkey.urls["redis_url"], Limits(0.1, 2), body)


def test_the_limits_are_the_settings():
    settings = Settings(
        rate_limit_per_second=4.0, rate_limit_burst=8, daily_quota=16, cache_key="k" * 32, jwt_secret="s" * 32
    )
    limiter = RateLimiter.from_settings(settings, None, clock=Moment(), on_unlimited=lambda: None)
    refused = limiter.refuse(1)
    assert refused.headers["RateLimit-Policy"] == '"requisicoes";q=8;w=2, "pessoas";q=16;w=86400'
