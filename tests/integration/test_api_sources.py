"""The API's clients of Redis and PostgreSQL while the store hangs, slows, resets, dies and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from contracts.errors import SettingsError, StoreUnavailableError
from serve.scores.gathered_reads import ITEMS_A_QUERY, QUERIES_AT_ONCE, GatheredReads
from serve.sources.redis_link import RedisReplyError
from serve.sources.redis_pipe import RedisPipe, script_command
from serve.sources.sql_store import SqlStore
from stores.embedded.postgres import PostgresServer
from stores.embedded.valkey import ValkeyServer
from tests.store_processes import StoreProcess
from tests.tcp_faults import Cut, Delay, Pass, Reset, Stall, TcpFaults, Throttle, through

TIMEOUT = 0.3
SLACK = 1.0
"""A busy machine's share of a measured wait; a wait without a bound is far beyond it."""


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    with StoreProcess(ValkeyServer, tmp_path_factory.mktemp("valkey")) as process:
        yield process


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    with StoreProcess(PostgresServer, tmp_path_factory.mktemp("postgres")) as process:
        yield process


@pytest.fixture
def faults(valkey: StoreProcess) -> Iterator[TcpFaults]:
    with TcpFaults(valkey.port) as proxy:
        yield proxy


def with_pipe(url: str, body: Callable[[RedisPipe], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def run() -> None:
        pipe = RedisPipe(url, timeout=TIMEOUT, **options)
        try:
            await body(pipe)
        finally:
            await pipe.close()

    asyncio.run(run())


async def until(is_so: Callable[[], Coroutine[Any, Any, bool]], *, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not await is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def test_replies_come_in_order_whoever_asked(valkey):
    async def body(pipe: RedisPipe) -> None:
        async def echo(number: int) -> None:
            words = [f"{number}-{part}" for part in range(number % 5 + 1)]
            assert await pipe.send(*(("ECHO", word) for word in words)) == [word.encode() for word in words]

        await asyncio.gather(*(echo(number) for number in range(500)))

    with_pipe(valkey.urls["redis_url"], body)


def test_an_error_reply_is_its_askers_alone(valkey):
    async def body(pipe: RedisPipe) -> None:
        await pipe.send(("SET", "texto", "x"))
        wrong, right = pipe.send(("HGET", "texto", "a")), pipe.send(("GET", "texto"))
        with pytest.raises(RedisReplyError):
            await wrong
        assert await right == [b"x"]

    with_pipe(valkey.urls["redis_url"], body)


@pytest.mark.parametrize("fault", [Stall(), Delay(2.0)])
def test_a_redis_that_hangs_costs_one_wait_and_then_none(valkey, faults, fault):
    changes: list[bool] = []

    async def body(pipe: RedisPipe) -> None:
        await pipe.send(("PING",))
        faults.apply(fault)
        started = time.monotonic()
        several = await asyncio.gather(*(pipe.send(("PING",)) for _ in range(50)), return_exceptions=True)
        assert {type(one) for one in several} == {StoreUnavailableError}
        assert time.monotonic() - started < TIMEOUT + SLACK
        await until(lambda: asyncio.sleep(0, pipe._is_out))
        started = time.monotonic()
        for _ in range(200):
            with pytest.raises(StoreUnavailableError):
                await pipe.send(("PING",))
        assert time.monotonic() - started < TIMEOUT
        faults.apply(Pass())
        await until(pipe.check)
        assert changes == [True, False]

    with_pipe(through(valkey.urls["redis_url"], faults.port), body, on_change=changes.append)


def test_a_redis_that_never_catches_up_is_given_up(valkey, faults):
    """Replies that keep coming, each too late, do not keep a link alive."""

    async def body(pipe: RedisPipe) -> None:
        await pipe.send(("SET", "longo", "x" * 2000))
        faults.apply(Throttle(40_000))
        started = time.monotonic()
        several = await asyncio.gather(*(pipe.send(("GET", "longo")) for _ in range(400)), return_exceptions=True)
        assert time.monotonic() - started < TIMEOUT + SLACK
        assert several[-1].__class__ is StoreUnavailableError

    with_pipe(through(valkey.urls["redis_url"], faults.port), body)


@pytest.mark.parametrize("fault", [Reset(), Cut()])
def test_a_lost_connection_is_opened_again(valkey, faults, fault):
    async def body(pipe: RedisPipe) -> None:
        await pipe.send(("SET", "a", "1"))
        faults.apply(fault)
        with pytest.raises(StoreUnavailableError):
            await pipe.send(("GET", "a"))
        faults.apply(Pass())
        await until(pipe.check)
        assert await pipe.send(("GET", "a")) == [b"1"]

    with_pipe(through(valkey.urls["redis_url"], faults.port), body)


def test_scripts_are_there_again_after_a_restart(valkey):
    async def body(pipe: RedisPipe) -> None:
        script = pipe.register("return {KEYS[1], ARGV[1] + 1}")
        assert await pipe.send(script_command(script, ["k"], [4])) == [[b"k", 5]]
        valkey.kill()
        with pytest.raises(StoreUnavailableError):
            await pipe.send(("PING",))
        await asyncio.to_thread(valkey.start)
        await until(pipe.check)
        assert await pipe.send(script_command(script, ["k"], [5])) == [[b"k", 6]]

    with_pipe(valkey.urls["redis_url"], body)


def test_a_password_that_is_wrong_is_redis_out(valkey):
    async def body(pipe: RedisPipe) -> None:
        with pytest.raises(StoreUnavailableError):
            await pipe.send(("PING",))

    with_pipe(f"redis://nobody:wrong@127.0.0.1:{valkey.port}/0", body)


def with_store(url: str, body: Callable[[SqlStore], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def run() -> None:
        store = SqlStore(url, store="PostgreSQL", timeout=TIMEOUT, **options)
        try:
            await body(store)
        finally:
            await store.close()

    asyncio.run(run())


def ask(connection: sa.Connection) -> int:
    return int(connection.scalar(sa.text("SELECT 7")) or 0)


def test_a_postgres_that_hangs_costs_the_limit_and_then_nothing(postgres):
    changes: list[bool] = []

    async def body(store: SqlStore) -> None:
        assert await store.run(ask) == 7
        faults.apply(Stall())
        for _ in range(3):
            started = time.monotonic()
            with pytest.raises(StoreUnavailableError):
                await store.run(ask)
            assert time.monotonic() - started < TIMEOUT + SLACK
        started = time.monotonic()
        for _ in range(200):
            with pytest.raises(StoreUnavailableError):
                await store.run(ask)
        assert time.monotonic() - started < TIMEOUT
        faults.apply(Pass())
        await until(store.check)
        assert await store.run(ask) == 7
        assert changes == [True, False]

    with TcpFaults(postgres.port) as faults:
        with_store(through(postgres.urls["results_url"], faults.port), body, on_change=changes.append)


def test_a_frozen_postgres_gives_every_place_back_when_it_thaws(postgres):
    async def body(store: SqlStore) -> None:
        await store.run(ask)
        postgres.freeze()
        try:
            several = await asyncio.gather(*(store.run(ask) for _ in range(30)), return_exceptions=True)
            assert {type(one) for one in several} == {StoreUnavailableError}
        finally:
            postgres.thaw()
        await until(store.check)
        assert await asyncio.gather(*(store.run(ask) for _ in range(30))) == [7] * 30

    with_store(postgres.urls["results_url"], body, connections=3)


def test_a_slow_statement_is_ended_by_the_server_and_the_store_stays_in_use(postgres):
    async def body(store: SqlStore) -> None:
        for _ in range(5):
            with pytest.raises(StoreUnavailableError):
                await store.run(lambda connection: connection.execute(sa.text("SELECT pg_sleep(5)")))
        assert await store.run(ask) == 7

    with_store(postgres.urls["results_url"], body)


def test_postgres_restarted_is_used_again(postgres):
    async def body(store: SqlStore) -> None:
        await store.run(ask)
        postgres.kill()
        with pytest.raises(StoreUnavailableError):
            await store.run(ask)
        await asyncio.to_thread(postgres.start)
        await until(store.check)
        assert await store.run(ask) == 7

    with_store(postgres.urls["results_url"], body)


def test_a_store_that_is_busy_is_not_a_store_that_is_out(postgres):
    async def body(store: SqlStore) -> None:
        slow = [store.run(lambda connection: connection.execute(sa.text("SELECT pg_sleep(0.2)"))) for _ in range(20)]
        several = await asyncio.gather(*slow, return_exceptions=True)
        assert [one for one in several if isinstance(one, StoreUnavailableError)]
        assert not store.is_out
        await until(store.check)
        assert await store.run(ask) == 7

    with_store(postgres.urls["results_url"], body, connections=2)


def test_a_mistake_in_a_query_is_not_a_store_that_is_out(postgres):
    async def body(store: SqlStore) -> None:
        for _ in range(5):
            with pytest.raises(sa.exc.ProgrammingError):
                await store.run(lambda connection: connection.execute(sa.text("SELECT nada FROM nenhuma")))
        assert await store.run(ask) == 7

    with_store(postgres.urls["results_url"], body)


def test_a_driver_without_asyncio_works_in_a_thread(tmp_path: Path):
    async def body(store: SqlStore) -> None:
        assert (await store.run(ask), store.dialect) == (7, "sqlite")

    with_store(f"sqlite:///{tmp_path}/base_a.db", body)


def test_a_driver_that_is_not_installed_is_a_setting_that_is_wrong():
    with pytest.raises(SettingsError, match="no driver"):
        SqlStore("mssql+nonesuch://u:p@host/db", store="Base A", timeout=1)


def test_a_crowd_of_single_reads_becomes_few_queries():
    sizes: list[int] = []
    running = 0

    async def read(items: list[str]) -> list[str]:
        nonlocal running
        running += 1
        assert running <= QUERIES_AT_ONCE
        sizes.append(len(items))
        await asyncio.sleep(0.01)
        running -= 1
        return [item.upper() for item in items]

    async def run() -> None:
        reads = GatheredReads(read)
        asked = [f"p{number % 1500}" for number in range(6000)]
        assert await asyncio.gather(*map(reads.get, asked)) == [item.upper() for item in asked]

    asyncio.run(run())
    assert sum(sizes) == 1500
    assert max(sizes) <= ITEMS_A_QUERY


def test_a_crowd_learns_together_that_the_store_is_out():
    async def read(_items: list[str]) -> list[str]:
        raise StoreUnavailableError("out")

    async def run() -> None:
        reads = GatheredReads(read)
        several = await asyncio.gather(*(reads.get(f"p{n}") for n in range(900)), return_exceptions=True)
        assert {type(one) for one in several} == {StoreUnavailableError}

    asyncio.run(run())
