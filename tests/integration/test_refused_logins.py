"""A store that refuses the login, or has no such database: one clear error of ours, in time, without a secret."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from contracts.errors import StoreUnavailableError
from contracts.settings import Settings
from serve.sources.mongo_store import MongoStore
from serve.sources.redis_pipe import RedisPipe
from serve.sources.sql_store import SqlStore
from stores.connections import mongo_database, reaching, redis_client, sql_engine

WRONG = "hunter2-que-nao-e-a-senha"
USER = "alguem-que-nao-ha"
LIMIT = 10.0
Change = Callable[[str], str]


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("recusas")


def _with_password(url: str) -> str:
    parts = urlsplit(url)
    user = parts.username or ""
    return url.replace(parts.netloc, f"{user}:{WRONG}@{parts.netloc.rpartition('@')[2]}")


def _with_user(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(parts.netloc, f"{USER}:{WRONG}@{parts.netloc.rpartition('@')[2]}")


def _with_database(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f"{parts.netloc}{parts.path}", f"{parts.netloc}/nao_existe")


def _engine(url: str) -> None:
    engine = sql_engine(url, timeout=LIMIT)
    try:
        with reaching(url), engine.connect() as connection:
            connection.execute(sa.text("select 1"))
    finally:
        engine.dispose()


def _api(url: str) -> None:
    async def read() -> None:
        store = SqlStore(url, store="results", timeout=LIMIT)
        try:
            await store.run(lambda connection: connection.execute(sa.text("select 1")))
        finally:
            await store.close()

    asyncio.run(read())


def _mongo(url: str) -> None:
    database = mongo_database(url, timeout=LIMIT)
    with database.client, reaching(url):
        database["compras"].find_one()


def _mongo_api(url: str) -> None:
    async def read() -> None:
        store = MongoStore(url, store="Base C", timeout=LIMIT)
        try:
            await store.run(lambda database: database["compras"].find_one())
        finally:
            await store.close()

    asyncio.run(read())


def _redis(url: str) -> None:
    with redis_client(url, timeout=LIMIT) as client, reaching(url):
        client.ping()


def _redis_api(url: str) -> None:
    async def read() -> None:
        pipe = RedisPipe(url, timeout=LIMIT)
        try:
            await pipe.send(("PING",))
        finally:
            await pipe.close()

    asyncio.run(read())


@pytest.mark.parametrize(
    ("name", "reads", "change"),
    [
        *((name, read, change) for name in ("base_b_url", "results_admin_url") for read in (_engine, _api)
          for change in (_with_password, _with_user, _with_database)),
        *(("base_c_url", read, change) for read in (_mongo, _mongo_api)
          for change in (_with_password, _with_user, _with_database)),
        *(("redis_url", read, change) for read in (_redis, _redis_api) for change in (_with_password, _with_user)),
    ],
)  # fmt: skip
def test_a_refused_login_shows_nothing(
    settings: Settings, caplog: pytest.LogCaptureFixture, name: str, reads: Change, change: Change
) -> None:
    caplog.set_level(logging.INFO)
    url = settings.secret(name)
    parts = urlsplit(url)
    with pytest.raises(StoreUnavailableError) as error:
        reads(change(url))
    told = "".join(traceback.format_exception(error.value)) + caplog.text
    hidden = {WRONG, USER, parts.password, parts.username} - {parts.path.strip("/")}  # a database may be told
    assert not [secret for secret in hidden if secret and secret in told]
    assert "login refused" in str(error.value) or "has no such database" in str(error.value)


def test_a_password_among_the_options_is_given_to_the_driver_and_shown_by_nothing(settings: Settings):
    url = settings.secret("results_url")
    password = urlsplit(url).password or ""
    engine = sql_engine(f"{url.replace(f':{password}@', '@')}?password={password}", timeout=LIMIT)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("select 1")) == 1
    engine.dispose()
    assert password not in f"{engine!r} {engine.url!r}"
