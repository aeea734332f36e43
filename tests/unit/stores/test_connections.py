"""Connections: time limits hold against silent peers, and errors name the place but no user or password."""

import logging
import socket
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from contracts.errors import SettingsError, StoreUnavailableError
from stores.addresses import describe_url, identify_url
from stores.connections import mongo_database, reaching, redis_client, sql_engine

SECRET = "nao-mostre"
LIMIT = 1.0
IN_TIME = 5.0
"""Seconds: libpq waits 2 at least, and the machine may be busy."""


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _sql(url: str) -> None:
    with sql_engine(url, timeout=LIMIT).connect() as connection:
        connection.execute(sa.text("select 1"))


def _mongo(url: str) -> None:
    with reaching(url):
        mongo_database(url, timeout=LIMIT)["x"].find_one()


def _redis(url: str) -> None:
    with reaching(url):
        redis_client(url, timeout=LIMIT).ping()


STORES = [
    pytest.param(_sql, "postgresql+psycopg2://dono:{secret}@127.0.0.1:{port}/base_b", id="postgresql"),
    pytest.param(_sql, "oracle+oracledb://dono:{secret}@127.0.0.1:{port}/?service_name=BASEA", id="oracle"),
    pytest.param(_mongo, "mongodb://dono:{secret}@127.0.0.1:{port}/base_c", id="mongodb"),
    pytest.param(_redis, "redis://dono:{secret}@127.0.0.1:{port}/0", id="redis"),
]


@pytest.mark.parametrize(("connect", "url"), STORES)
def test_a_silent_peer_is_given_up_in_time(connect, url, silent_port) -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError, match=f"127.0.0.1:{silent_port}: no answer") as caught:
        connect(url.format(secret=SECRET, port=silent_port))
    assert time.monotonic() - began < IN_TIME
    assert SECRET not in str(caught.value)
    assert "dono" not in str(caught.value)


@pytest.mark.parametrize(("connect", "url"), STORES)
def test_a_closed_port_is_named_without_user_or_password(connect, url, closed_port) -> None:
    with pytest.raises(StoreUnavailableError, match=f"127.0.0.1:{closed_port}: nothing listens there") as caught:
        connect(url.format(secret=SECRET, port=closed_port))
    assert SECRET not in str(caught.value)
    assert "dono" not in str(caught.value)


def test_a_mongo_url_must_name_its_database() -> None:
    with pytest.raises(SettingsError, match="names no database"):
        mongo_database("mongodb://127.0.0.1:1", timeout=1)


@pytest.mark.parametrize(
    ("url", "described"),
    [
        ("redis://:x@cache/0", "Redis 0 at cache:6379"),
        ("mongodb://u:p@[::1]/base_c?authSource=admin", "MongoDB base_c at [::1]:27017"),
        ("oracle+oracledb://u:p@ora/?service_name=A", "Oracle at ora:1521"),
    ],
)
def test_a_url_is_described_by_kind_database_and_address(url: str, described: str) -> None:
    assert describe_url(url) == described


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("oracle+oracledb://u:p@ora/?service_name=A", "oracle+oracledb://u:p@ora/?service_name=B", False),
        ("oracle+oracledb://u:p@ora/?service_name=A", "oracle://v:q@ora:1521/?service_name=A", True),
        ("postgresql://u:p@db/base_b?sslmode=verify-full", "postgresql+psycopg2://v:q@db:5432/base_b", True),
        ("postgresql://u:p@db/base_b", "postgresql://u:p@db/score", False),
    ],
)
def test_two_urls_lead_to_one_store_or_to_two(one: str, other: str, alike: bool) -> None:
    assert (identify_url(one) == identify_url(other)) is alike
    assert "p@" not in identify_url(one)


def test_no_error_quotes_the_parameters_of_a_statement(tmp_path):
    """A CPF is one; the row that a constraint names is the server's to keep quiet about."""
    engine = sql_engine(f"sqlite:///{tmp_path / 'x.db'}", timeout=LIMIT)
    with pytest.raises(sa.exc.OperationalError) as caught, engine.connect() as connection:
        connection.execute(sa.text("select * from nada where cpf = :cpf"), {"cpf": SECRET})
    assert "no such table" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("asked", [logging.DEBUG, logging.NOTSET])
def test_the_commands_of_mongodb_reach_no_log_at_any_level(asked, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    monkeypatch.setattr(logging.getLogger("pymongo"), "level", asked)
    mongo_database("mongodb://127.0.0.1:1/x", timeout=LIMIT).client.close()
    logging.getLogger("pymongo.command").manager._clear_cache()  # what was set past it does not empty it
    assert not logging.getLogger("pymongo.command").isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    "url",
    [
        "oracle+oracledb://leitor:{secret}@ora.exemplo:1521/?service_name=BASEA=BASEA",
        "postgresql://leitor:{secret}@%[::1]:5432/base_b",
        "postgresql://leitor:{secret}@127.0.0.1:/base_b",
    ],
)
def test_what_a_driver_makes_nothing_of_is_a_setting_that_is_wrong(url) -> None:
    with pytest.raises(SettingsError, match="makes nothing of this URL") as caught:
        sql_engine(url.format(secret=SECRET), timeout=LIMIT)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("database", ["producao", "0x1", "1/2"])
def test_a_redis_database_that_is_no_number_is_not_taken_for_the_first(database: str) -> None:
    with pytest.raises(SettingsError, match="cache:6379"):
        redis_client(f"redis://:{SECRET}@cache/{database}", timeout=LIMIT)
    assert redis_client("redis://cache/3", timeout=LIMIT).connection_pool.connection_kwargs["db"] == 3
    assert redis_client("redis://cache", timeout=LIMIT).connection_pool.connection_kwargs.get("db", 0) == 0
