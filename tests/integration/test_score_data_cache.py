"""The cache of ``score-data`` on real Redis and PostgreSQL: no stale value after a change, one reading at a time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
import sqlalchemy as sa

from contracts.errors import StoreUnavailableError
from contracts.settings import Settings
from serve.published.person_hash import PersonHash
from serve.sources.redis_pipe import RedisPipe
from serve.sources.sql_store import SqlStore
from serve.systems.leased_cache import LEASE_ENDING, PATIENCE_SECONDS, LeasedCache
from serve.systems.score_data import CACHE_SECONDS, ScoreData, score_data_seal
from stores.connections import redis_client, sql_engine
from tests.tcp_faults import Pass, Refuse, Stall, TcpFaults, through

PERSON, CPF = "c-1", "52998224725"
STRANGER = "c-9"
TIMEOUT = 0.5
SLACK = 1.5
"""A busy machine's share of a measured wait."""


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("dados")
    for client_id, cpf in ((PERSON, CPF), ("c-2", "39053344705")):
        execute(
            settings,
            "INSERT INTO pessoa (cpf, cliente_id, data_nascimento, uf, cidade, bairro, longadouro, atualizado_em)"
            " VALUES (:cpf, :id, '1980-01-02', 'SP', 'São Paulo', 'Sé', 'Praça', '2020-01-01')",
            cpf=cpf,
            id=client_id,
        )
    return settings


@pytest.fixture
def cache(settings: Settings) -> Iterator[redis.Redis]:
    with redis_client(settings.secret("redis_url"), timeout=5) as cache:
        cache.flushdb()
        execute(settings, "DELETE FROM fonte_de_renda")
        earn(settings, 1000)
        yield cache


def execute(settings: Settings, statement: str, **values: Any) -> None:
    engine = sql_engine(settings.secret("base_b_admin_url"), timeout=10)
    with engine.begin() as connection:
        connection.execute(sa.text(statement), values)
    engine.dispose()


def earn(settings: Settings, amount: float | str, *, ended: datetime | None = None, text: str = "CLT") -> None:
    execute(
        settings,
        "INSERT INTO fonte_de_renda (id, cpf, tipo, descricao, valor, frequencia, registrada_em, encerrada_em)"
        " SELECT 'r' || count(*), :cpf, 'salario', :text, :amount, 'mensal', '2020-01-01', CAST(:ended AS timestamp)"
        " FROM fonte_de_renda",
        cpf=CPF,
        amount=amount,
        ended=ended,
        text=text,
    )


def change(settings: Settings, amount: int) -> None:
    execute(settings, "UPDATE fonte_de_renda SET valor = :amount", amount=amount)


class PausingStore(SqlStore):
    """Base B, whose answers can be held back after it gave them, and are counted."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked = 0
        self.answered = asyncio.Event()
        self.let_go = asyncio.Event()
        self.let_go.set()

    async def run(self, work: Callable[[sa.Connection], Any]) -> Any:
        self.asked += 1
        found = await super().run(work)
        self.answered.set()
        await self.let_go.wait()
        return found


@dataclass
class Process:
    """What one process of the API has of ``score-data``."""

    data: ScoreData
    base_b: PausingStore
    pipe: RedisPipe
    hits: list[bool] = field(default_factory=list)

    async def income(self, person: str = PERSON) -> float:
        found = await self.data.read(person)
        assert found is not None
        amount: float = json.loads(found)["fontes_de_renda"][0]["valor"]
        return amount


def make_process(settings: Settings, **options: Any) -> Process:
    """Make a process's part on the installation's stores; ``redis_url``, ``base_b_url`` and ``clock`` may differ."""
    secret = settings.secret("cache_key").encode()
    clock = options.get("clock", lambda: datetime.now(UTC))
    pipe = RedisPipe(options.get("redis_url", settings.secret("redis_url")), timeout=TIMEOUT)
    base_b = PausingStore(options.get("base_b_url", settings.secret("base_b_url")), store="Base B", timeout=TIMEOUT)
    hits: list[bool] = []
    leased = LeasedCache(pipe, score_data_seal(secret, clock), on_look=hits.append)
    return Process(ScoreData(base_b, leased, hashes=PersonHash(secret), clock=clock), base_b, pipe, hits)


def with_processes(
    settings: Settings, body: Callable[..., Awaitable[None]], *, processes: int = 1, **options: Any
) -> None:
    @asynccontextmanager
    async def opened():
        made = [make_process(settings, **options) for _ in range(processes)]
        try:
            yield made
        finally:
            for one in made:
                await one.pipe.close()
                await one.base_b.close()

    async def run() -> None:
        async with opened() as made:
            await body(*made)

    asyncio.run(run())


def test_a_reading_begun_before_a_change_is_not_kept_after_it(settings, cache):
    async def body(slow: Process, other: Process) -> None:
        slow.base_b.let_go.clear()
        old = asyncio.create_task(slow.income())
        await slow.base_b.answered.wait()
        change(settings, 2000)
        await other.data.invalidate(PERSON)
        joiner = asyncio.create_task(slow.income())
        assert await other.income() == 2000
        slow.base_b.let_go.set()
        assert await old == 1000
        assert await joiner == 2000
        assert [await process.income() for process in (slow, other)] == [2000, 2000]
        assert slow.hits[-1] is other.hits[-1] is True

    with_processes(settings, body, processes=2)


def test_a_reading_that_ends_in_the_midst_of_an_invalidation_is_not_kept(settings, cache):
    """Whatever the order of the two commands at Redis: who reads once the change is confirmed reads the new value."""

    async def body(reader: Process, changer: Process) -> None:
        for amount in range(10, 50):
            reader.base_b.let_go.clear()
            reader.base_b.answered.clear()
            await changer.data.invalidate(PERSON)
            old = asyncio.create_task(reader.income())
            await reader.base_b.answered.wait()
            change(settings, amount)
            reader.base_b.let_go.set()
            await asyncio.sleep(0.0002 * (amount % 8))
            await changer.data.invalidate(PERSON)
            assert await reader.income() == amount
            assert await changer.income() == amount
            await old

    with_processes(settings, body, processes=2)


@pytest.mark.parametrize("person", [PERSON, STRANGER])
def test_many_who_miss_at_once_ask_base_b_once(settings, cache, person):
    async def body(one: Process, two: Process) -> None:
        one.base_b.let_go.clear()
        first = asyncio.create_task(one.data.read(person))
        await one.base_b.answered.wait()
        others = [asyncio.create_task(process.data.read(person)) for process in (one, two) for _ in range(50)]
        await asyncio.sleep(0.05)
        one.base_b.let_go.set()
        found = await asyncio.gather(first, *others)
        assert len(set(found)) == 1
        assert (found[0] is None) == (person == STRANGER)
        assert one.base_b.asked == 1
        assert two.base_b.asked == (1 if person == STRANGER else 0)

    with_processes(settings, body, processes=2)


def test_a_caller_who_goes_away_takes_no_other_answer_along(settings, cache):
    async def body(process: Process) -> None:
        process.base_b.let_go.clear()
        first = asyncio.create_task(process.income())
        await process.base_b.answered.wait()
        second = asyncio.create_task(process.income())
        await asyncio.sleep(0.05)
        first.cancel()
        process.base_b.let_go.set()
        assert await second == 1000
        assert process.base_b.asked == 1
        assert await process.income() == 1000
        assert process.hits == [False, False, True]

    with_processes(settings, body)


def test_a_holder_that_died_costs_a_bounded_wait(settings, cache):
    async def body(process: Process) -> None:
        await process.income()
        [key] = cache.keys()
        cache.delete(key)
        cache.set(key + LEASE_ENDING.encode(), b"who died", ex=60)
        started = time.monotonic()
        assert await process.income() == 1000
        assert time.monotonic() - started < PATIENCE_SECONDS + SLACK
        assert cache.get(key) is None

    with_processes(settings, body)


def test_what_is_kept_is_unreadable_and_short_lived(settings, cache):
    async def body(process: Process) -> None:
        await process.income()
        assert await process.data.read(STRANGER) is None
        [key] = cache.keys()
        assert PERSON.encode() not in key
        assert 0 < cache.ttl(key) <= CACHE_SECONDS
        assert not [word for word in (CPF, "salario", "CLT") if word.encode() in cache.get(key)]

    with_processes(settings, body)


@pytest.mark.parametrize("poison", ["garbage", "list", "another person's", "too old", "list as lease"])
def test_a_poisoned_value_is_none(settings, cache, poison):
    async def body(process: Process) -> None:
        await process.income()
        [key] = cache.keys()
        kept = cache.get(key)
        cache.delete(key)
        match poison:
            case "garbage":
                cache.set(key, b"\xff\x00" * 40)
            case "list":
                cache.rpush(key, kept)
            case "another person's":
                await process.data.read("c-2")
                [other] = set(cache.keys()) - {key}
                cache.copy(other, key)
            case "too old":
                past = datetime.now(UTC) - timedelta(seconds=CACHE_SECONDS + 2)
                seal = score_data_seal(settings.secret("cache_key").encode(), lambda: past)
                cache.set(key, seal.close(key.decode(), b"{}"))
            case "list as lease":
                cache.rpush(key + LEASE_ENDING.encode(), "x")
        change(settings, 3000)
        process.hits.clear()
        assert [await process.income() for _ in range(3)] == [3000] * 3
        assert process.hits == [False, False, True]

    with_processes(settings, body)


def test_a_flushed_redis_fills_again(settings, cache):
    async def body(process: Process) -> None:
        await process.income()
        cache.flushdb()
        change(settings, 4000)
        assert [await process.income() for _ in range(2)] == [4000] * 2
        assert process.hits == [False, False, True]

    with_processes(settings, body)


@pytest.mark.parametrize("fault", [Refuse(), Stall()])
def test_without_redis_base_b_answers_and_an_invalidation_is_refused(settings, cache, fault):
    with TcpFaults(urlsplit(settings.secret("redis_url")).port) as proxy:

        async def body(process: Process) -> None:
            assert await process.income() == 1000
            proxy.apply(fault)
            started = time.monotonic()
            for amount in (5000, 6000):
                change(settings, amount)
                assert await process.income() == amount
            with pytest.raises(StoreUnavailableError):
                await process.data.invalidate(PERSON)
            assert time.monotonic() - started < TIMEOUT + SLACK
            proxy.apply(Pass())
            while not await process.pipe.check():
                await asyncio.sleep(0.05)
            await process.data.invalidate(PERSON)
            assert await process.income() == 6000

        with_processes(settings, body, redis_url=through(settings.secret("redis_url"), proxy.port))


@pytest.mark.parametrize("fault", [Refuse(), Stall()])
def test_without_base_b_what_is_kept_still_serves_until_its_life_ends(settings, cache, fault):
    now = [datetime.now(UTC)]
    with TcpFaults(urlsplit(settings.secret("base_b_url")).port) as proxy:

        async def body(process: Process) -> None:
            assert await process.income() == 1000
            proxy.apply(fault)
            assert await process.income() == 1000
            now[0] += timedelta(seconds=CACHE_SECONDS + 2)
            started = time.monotonic()
            answers = await asyncio.gather(*(process.data.read(PERSON) for _ in range(20)), return_exceptions=True)
            assert {type(answer) for answer in answers} == {StoreUnavailableError}
            assert time.monotonic() - started < PATIENCE_SECONDS + TIMEOUT + SLACK
            proxy.apply(Pass())
            while not await process.base_b.check():
                await asyncio.sleep(0.05)
            assert await process.income() == 1000

        url = through(settings.secret("base_b_url"), proxy.port)
        with_processes(settings, body, base_b_url=url, clock=lambda: now[0])


def test_rows_come_in_order_with_exact_amounts_and_only_those_in_force(settings, cache):
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    naive = now.replace(tzinfo=None)
    execute(settings, "DELETE FROM fonte_de_renda")
    earn(settings, "999999999999.99", text='aspas " barra \\ e\tcontrole \u0001 \u2028 é')
    earn(settings, "0.1", ended=naive)
    earn(settings, "0.1", ended=naive + timedelta(seconds=1))
    earn(settings, "NaN")

    async def body(process: Process) -> None:
        text = await process.data.read(PERSON)
        assert text is not None
        rows = json.loads(text, parse_float=str)["fontes_de_renda"]
        assert [row["valor"] for row in rows] == ["999999999999.99", "0.10", None]
        assert rows[0]["descricao"] == 'aspas " barra \\ e\tcontrole \u0001 \u2028 é'
        assert list(rows[0]) == ["tipo", "descricao", "valor", "frequencia"]

    with_processes(settings, body, clock=lambda: now)
