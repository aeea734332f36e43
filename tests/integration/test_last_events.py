"""System C's reading of Base C: hostile documents, the index, and a Base C that hangs, dies and comes back."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
from bson import Binary, Code, DatetimeMS, Decimal128, Int64, MaxKey, ObjectId, Regex, Timestamp
from pymongo import MongoClient
from pymongo.database import Database

from contracts.errors import StoreUnavailableError
from contracts.settings import Settings
from serve.api.json_text import encode_json
from serve.api.payload_models import UltimosEventos
from serve.sources.mongo_store import CODEC, GRACE_SECONDS, MongoStore
from serve.systems.system_c import EVENTS, LastEvents
from stores.embedded.mongo import MongoServer
from tests.store_processes import StoreProcess
from tests.tcp_faults import Cut, Delay, Pass, Reset, TcpFaults, through

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
CPF = "52998224725"
EARLIER, LAST = datetime(2026, 1, 1, 9), datetime(2026, 2, 2, 10, 30, 5, 999000)
TIMEOUT = 0.6
SLACK = 1.5
"""A busy machine's share of a measured wait."""

NOTHING = dict.fromkeys(EVENTS)
OF_ANY_TYPE: list[Any] = [
    None,
    True,
    7,
    Int64(2**62),
    -1.5,
    float("nan"),
    float("-inf"),
    1e308,
    Decimal128("NaN"),
    Decimal128("sNaN"),
    Decimal128("-Infinity"),
    Decimal128("9.999999999999999999999999999999999E+6144"),
    Decimal128("1E-6176"),
    Decimal128("-0.001"),
    "texto",
    "\0\u2028\U0001f600 é",
    "",
    b"\xff\xfe",
    Binary(b"x", 128),
    ObjectId("6b039c737fe3b749007f0001"),
    datetime(2026, 1, 1),
    Regex("a"),
    Code("function(){}", {"x": 1}),
    Code("f()"),
    Timestamp(1, 1),
    MaxKey(),
    [],
    ["texto", 1.5],
    {},
    {"a": {"b": [{"c": "texto"}]}},
]


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("eventos")


@pytest.fixture
def base_c(settings: Settings) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](settings.secret("base_c_admin_url")) as mongo:
        database = mongo.get_default_database()
        for collection, _, _ in EVENTS.values():
            database[collection].delete_many({})
        yield database


def with_events(url: str, body: Callable[[LastEvents, MongoStore], Awaitable[None]]) -> None:
    async def run() -> None:
        store = MongoStore(url, store="Base C", timeout=TIMEOUT)
        try:
            await body(LastEvents(store, lambda: NOW), store)
        finally:
            await store.close()

    asyncio.run(run())


def read(settings: Settings, cpf: str = CPF) -> dict[str, Any]:
    """Return the last events as a caller gets them, checked against the document's schema."""
    texts: list[bytes] = []

    async def body(events: LastEvents, _store: MongoStore) -> None:
        texts.append(encode_json(await events.read(cpf)))

    with_events(settings.secret("base_c_url"), body)
    UltimosEventos.model_validate_json(texts[0])
    found: dict[str, Any] = json.loads(texts[0], parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return found


@pytest.mark.parametrize("value", OF_ANY_TYPE, ids=lambda value: f"{type(value).__name__}-{value!r:.30}")
def test_any_value_in_any_field_is_told_as_null_or_as_what_it_is(settings, base_c, value):
    for collection, date_field, fields in EVENTS.values():
        base_c[collection].insert_many(
            [
                {**dict.fromkeys(fields, value), "cpf": CPF, date_field: LAST},
                {**dict.fromkeys(fields, value), "cpf": CPF},
                {"cpf": value, date_field: LAST},
            ]
        )
    found = read(settings)
    assert [list(event) for event in found.values()] == [list(fields) for _, _, fields in EVENTS.values()]
    for event, (_, date_field, _) in zip(found.values(), EVENTS.values(), strict=True):
        assert event.pop(date_field) == "2026-02-02T10:30:05Z"
        amount = event.pop("valor", None)
        assert amount is None or type(amount) in (int, float)
        assert set(event.values()) == {value if type(value) is str else None}


@pytest.mark.parametrize("bare", [{}, {"extra": {"a": [1]}, "_tipo": 1}])
def test_a_document_that_lacks_everything_but_its_key_is_all_null(settings, base_c, bare):
    base_c.compras.insert_one({"cpf": CPF, "data_compra": LAST, **bare})
    fields = EVENTS["ultima_compra"][2]
    assert read(settings) == {
        **NOTHING,
        "ultima_compra": {**dict.fromkeys(fields), "data_compra": "2026-02-02T10:30:05Z"},
    }


@pytest.mark.parametrize(
    "other",
    [
        {"data_compra": [datetime(2026, 3, 3), datetime(2026, 4, 4)]},
        {"cpf": [CPF, "39053344705"], "data_compra": datetime(2026, 3, 3)},
        {"data_compra": {"$date": "2026-03-03"}},
        {"data_compra": "2026-03-03"},
        {"data_compra": NOW.replace(tzinfo=None) + timedelta(milliseconds=1)},
        {"data_compra": datetime(9999, 12, 31)},
        {"data_compra": datetime(1899, 12, 31)},
        {"cpf": "39053344705", "data_compra": datetime(2026, 3, 3)},
        {"cpf": int(CPF), "data_compra": datetime(2026, 3, 3)},
    ],
    ids=str,
)
def test_what_is_no_event_of_this_person_by_now_hides_none_that_is(settings, base_c, other):
    base_c.compras.insert_one({"cpf": CPF, **other})
    assert read(settings) == NOTHING
    base_c.compras.insert_many([{"cpf": CPF, "data_compra": when} for when in (LAST, EARLIER)])
    assert read(settings)["ultima_compra"]["data_compra"] == "2026-02-02T10:30:05Z"


def test_bytes_that_are_no_text_and_instants_beyond_the_calendar_are_read():
    """MongoDB keeps both without a word; SecantusDB refuses them, so they are decoded here as they would come."""
    raw = bytearray(
        bson.encode({"descricao": "abc\u00e9", "empresa": DatetimeMS(-(10**17)), "tipo": DatetimeMS(2**62)})
    )
    at = raw.index("\u00e9".encode())
    raw[at : at + 2] = b"\xff\xed"
    document = bson.decode(bytes(raw), codec_options=CODEC)
    assert document["descricao"] == "abc\ufffd\ufffd"
    assert {type(document["empresa"]), type(document["tipo"])} == {DatetimeMS}


def test_the_index_alone_finds_the_last_event(settings, base_c):
    base_c.compras.insert_many(
        [{"cpf": f"{n % 400:011d}", "data_compra": EARLIER + timedelta(hours=n)} for n in range(4000)]
    )
    asked: list[dict[str, Any]] = []

    async def body(_events: LastEvents, store: MongoStore) -> None:
        query = {"cpf": f"{7:011d}", "data_compra": {"$gte": EARLIER, "$lte": LAST}}
        find = {"find": "compras", "filter": query, "sort": {"data_compra": -1}, "limit": 1}
        asked.append(await store.run(lambda database: database.command("explain", find)))

    with_events(settings.secret("base_c_url"), body)
    [plan] = asked
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
    assert plan["executionStats"]["totalDocsExamined"] <= 10


@pytest.fixture(scope="module")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    with StoreProcess(MongoServer, tmp_path_factory.mktemp("mongo")) as process:
        yield process


async def refuses(events: LastEvents, *, within: float) -> None:
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        await events.read(CPF)
    assert time.monotonic() - started < within


async def answers(events: LastEvents, *, within: float = 10) -> None:
    deadline = time.monotonic() + within
    while True:
        try:
            assert await events.read(CPF) == NOTHING
        except StoreUnavailableError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        else:
            return


def test_a_server_that_accepts_and_says_nothing_costs_a_bounded_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:

        async def body(events: LastEvents, _store: MongoStore) -> None:
            for _ in range(3):
                await refuses(events, within=TIMEOUT + GRACE_SECONDS + SLACK)
            started = time.monotonic()
            for _ in range(200):
                await refuses(events, within=SLACK)
            assert time.monotonic() - started < SLACK

        with_events(f"mongodb://127.0.0.1:{silent.getsockname()[1]}/x", body)


def test_a_frozen_server_costs_a_bounded_time_and_is_found_again(mongo):
    async def body(events: LastEvents, store: MongoStore) -> None:
        await answers(events)
        mongo.freeze()
        started = time.monotonic()
        several = await asyncio.gather(*(events.read(CPF) for _ in range(20)), return_exceptions=True)
        assert {type(one) for one in several} == {StoreUnavailableError}
        assert time.monotonic() - started < TIMEOUT + GRACE_SECONDS + SLACK
        assert not await store.check()
        mongo.thaw()
        await answers(events)

    with_events(mongo.urls["base_c_url"], body)


@pytest.mark.parametrize("fault", [Reset(), Cut(), Delay(2.0)])
def test_a_broken_or_slow_connection_costs_a_bounded_time_and_is_replaced(mongo, fault):
    with TcpFaults(mongo.port) as proxy:

        async def body(events: LastEvents, _store: MongoStore) -> None:
            await answers(events)
            proxy.apply(fault)
            for _ in range(4):
                await refuses(events, within=TIMEOUT + GRACE_SECONDS + SLACK)
            proxy.apply(Pass())
            await answers(events)

        with_events(through(mongo.urls["base_c_url"], proxy.port), body)


def test_a_server_that_died_and_came_back_is_found_again(mongo):
    async def body(events: LastEvents, _store: MongoStore) -> None:
        await answers(events)
        mongo.kill()
        await refuses(events, within=TIMEOUT + GRACE_SECONDS + SLACK)
        await asyncio.to_thread(mongo.start)
        await answers(events)

    with_events(mongo.urls["base_c_url"], body)
