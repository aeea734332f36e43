"""A cache that dies or is emptied under many callers does not turn them loose upon the stores behind it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from stores.connections import sql_engine
from tests.api_server import token
from tests.faults import truth
from tests.faults.house import House
from tests.faults.load import Ask, Asks, Outcome, send
from tests.faults.statement_log import count_connections, logged_statements
from tests.faults.trial import Fault
from tests.tcp_faults import Delay, Pass, Reset

CALLERS = 200
SWARM_SECONDS = 2.5
QUERY_SECONDS = 0.04
"""Added to each message: a new connection takes some ten of them, and has two seconds."""
QUERIES_AT_ONCE = 2
APPLICATION = "escore-api"
MAX_CONNECTIONS = 8
"""What the API's pool for one store may hold; the audit goes through the same one."""


def swarm(house: House, make: Callable[[], Ask], *, seconds: float) -> list[Outcome]:
    """Let 200 callers ask, each again as soon as it was answered."""
    return asyncio.run(_swarm(house, make, seconds))


async def _swarm(house: House, make: Callable[[], Ask], seconds: float) -> list[Outcome]:
    headers = {"Authorization": f"Bearer {token(house.settings)}"}
    limits = httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS, keepalive_expiry=3)
    outcomes: list[Outcome] = []
    until = time.monotonic() + seconds

    async def call(client: httpx.AsyncClient) -> None:
        while time.monotonic() < until:
            outcomes.append(await send(client, make()))

    async with httpx.AsyncClient(base_url=house.api.url, headers=headers, timeout=20, limits=limits) as client:
        await asyncio.gather(*(call(client) for _ in range(CALLERS)))
    return outcomes


@pytest.fixture
def asks(house: House) -> Asks:
    return Asks(house.persons, [truth.make_known_run(house.run_in_force())])


@pytest.mark.parametrize("kind", [pytest.param("killed", marks=pytest.mark.long), "frozen"])
def test_redis_dies_under_two_hundred_callers(house, asks, kind):
    """PostgreSQL sees its few connections, and as reads are gathered, two queries at once and no more.

    It is made slow, so that each query takes a known time and callers pile up behind it.
    """
    fault = Fault("redis", kind)
    seen: list[int] = []
    with logged_statements(house.stores["results"]) as log, watched_connections(house, seen):
        house.proxies["results"].apply(Delay(QUERY_SECONDS))
        dying = threading.Timer(0.5, fault.begin, [house])
        dying.start()
        try:
            outcomes = swarm(house, lambda: asks.make("score"), seconds=SWARM_SECONDS)
        finally:
            dying.join()
            fault.end(house)
            house.proxies["results"].apply(Pass())
        queries = log.count(r"(?i)\bFROM score\b")
    assert Counter(item.fault for item in outcomes) == Counter({None: len(outcomes)})
    refused = [item for item in outcomes if not item.is_served]
    assert not refused, f"{len(refused)} of {len(outcomes)}: {refused[:2]}"
    assert max(seen) <= MAX_CONNECTIONS
    longest = SWARM_SECONDS + max(item.seconds for item in outcomes)
    assert 0 < queries <= QUERIES_AT_ONCE * (longest / QUERY_SECONDS + 1)
    assert queries < len(outcomes) / 4, f"{queries} queries for {len(outcomes)} answers"


@contextmanager
def watched_connections(house: House, seen: list[int]) -> Iterator[None]:
    """Sample how many connections the API has to the results."""
    stop = threading.Event()

    def watch() -> None:
        engine = sql_engine(house.settings.secret("results_url"), timeout=10)
        while not stop.wait(0.05):
            seen.append(count_connections(engine, APPLICATION))
        engine.dispose()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def test_a_redis_that_resets_is_not_besieged(house, asks):
    """One connection at a time is tried, with growing pauses, however many callers there are."""
    proxy = house.proxies["redis"]
    proxy.apply(Reset())
    before = proxy.accepted
    try:
        outcomes = swarm(house, lambda: asks.make("score"), seconds=1.5)
    finally:
        proxy.apply(Pass())
    assert all(item.is_served for item in outcomes)
    assert proxy.accepted - before <= 20


def test_one_reading_of_base_b_serves_all_who_miss_the_cache(house):
    person = house.persons[0]
    path = f"/clientes/{person.id}/score-data"
    ask = Ask("score-data", path, fault_of=lambda answer: None if answer == person.score_data else "not the truth")
    wait_for_redis(house)
    truth.flush(house.settings)
    with logged_statements(house.stores["base_b"]) as log:
        outcomes = asyncio.run(_once(house, ask))
        readings = log.count(r"(?i)\bFROM pessoa\b")
    truth.reconcile(house.settings)
    assert all(item.is_served for item in outcomes)
    assert readings == 1


def wait_for_redis(house: House) -> None:
    give_up = time.monotonic() + 10
    while httpx.get(f"{house.api.url}/saude/pronto").json()["bancos"]["redis"] != "ok":
        assert time.monotonic() < give_up
        time.sleep(0.1)


async def _once(house: House, ask: Ask) -> list[Outcome]:
    headers = {"Authorization": f"Bearer {token(house.settings)}"}
    async with httpx.AsyncClient(base_url=house.api.url, headers=headers, timeout=20) as client:
        return list(await asyncio.gather(*(send(client, ask) for _ in range(CALLERS))))
