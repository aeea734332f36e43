"""Scores while stores fail and runs change: always right, always one whole run, or a 503 that says when to retry."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import redis
import sqlalchemy as sa
from pydantic import SecretStr

from contracts.settings import Settings
from serve.app import create_app
from serve.published.key_layout import POINTER_KEY, client_prefix, cpf_prefix
from serve.publishing.publish import Publisher
from stores.connections import redis_client, sql_engine
from tests.api_server import caller, running
from tests.score_samples import make_run, make_scores, open_run

ROWS = 200


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("leitura")


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[sa.Engine]:
    engine = sql_engine(settings.secret("results_url"), timeout=10)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def cache(settings: Settings) -> Iterator[redis.Redis]:
    with redis_client(settings.secret("redis_url"), timeout=10) as client:
        yield client


@pytest.fixture(scope="module")
def publisher(settings: Settings, engine: sa.Engine, cache: redis.Redis) -> Publisher:
    publisher = Publisher(engine, cache, cache_key=settings.secret("cache_key").encode())
    publish(publisher, engine, 1)
    return publisher


@pytest.fixture(scope="module")
def client(settings: Settings, publisher: Publisher) -> Iterator[httpx.Client]:
    with running(create_app(settings)) as url, caller(url, settings) as client:
        yield client


def publish(publisher: Publisher, engine: sa.Engine, number: int) -> None:
    """Publish run ``number``, whose every score tells the run: the text ids' scores move by 7 a run."""
    run = make_run(number)
    open_run(engine, run)
    publisher.begin(run, consumers=ROWS)
    publisher.stage(make_scores(ROWS, shift=number * 7, text_ids=True))
    publisher.switch(run)


def fallbacks(client: httpx.Client) -> int:
    lines = client.get("/metrics").text.splitlines()
    (value,) = [line.split()[-1] for line in lines if line.startswith("escore_leituras_sem_redis_total ")]
    return int(float(value))


def test_postgres_gives_the_same_answers_when_redis_lost_them(client, cache, publisher):
    cpfs = make_scores(ROWS)["cpf"].to_pylist()
    paths = [f"/clientes/cliente-{number}/score" for number in range(20)]
    usual = [client.get(path) for path in paths]
    batch = client.post("/scores/consultar", json={"cpfs": [*cpfs, "52998224725"]}).content
    assert fallbacks(client) == 0
    cache.flushdb()
    for path, before in zip(paths, usual, strict=True):
        now = client.get(path)
        assert (now.content, now.headers["etag"]) == (before.content, before.headers["etag"])
    assert client.post("/scores/consultar", json={"cpfs": [*cpfs, "52998224725"]}).content == batch
    assert fallbacks(client) == 21
    publisher.reconcile()
    assert client.get(paths[0]).content == usual[0].content
    assert fallbacks(client) == 21


@pytest.mark.parametrize("prefix", [client_prefix, cpf_prefix])
def test_a_bucket_that_redis_lost_is_not_an_unknown_consumer(client, cache, publisher, prefix):
    scores = make_scores(ROWS)
    lost = list(cache.scan_iter(match=prefix(publisher.reconcile()) + "*"))
    for key in lost:
        cache.delete(key)
    assert client.get("/clientes/cliente-3/score").status_code == 200
    found = client.post("/scores/consultar", json={"cpfs": scores["cpf"].to_pylist()}).json()["resultados"]
    assert all(item["encontrado"] for item in found)
    publisher.reconcile()


def test_who_read_a_score_is_listed_though_base_b_does_not_know_the_person(client, publisher):
    read = client.get("/clientes/cliente-7/score")
    deadline = time.monotonic() + 20
    accesses = client.get("/clientes/cliente-7/acessos")
    while accesses.status_code == 200 and not any(
        access["recurso"] == "/clientes/{cliente_id}/score" for access in accesses.json()["results"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.2)
        accesses = client.get("/clientes/cliente-7/acessos")
    assert (read.status_code, accesses.status_code) == (200, 200)
    assert client.get("/clientes/ninguem/acessos").status_code == 404


def test_unknown_consumers_are_answered_by_redis_alone(client, publisher):
    publisher.reconcile()
    before = fallbacks(client)
    assert client.get("/clientes/ninguem/score").status_code == 404
    assert fallbacks(client) == before


@pytest.mark.parametrize("pointer", [b"lixo", b"\xff\xfe", b""])
def test_a_redis_of_another_layout_is_a_redis_that_cannot_answer(client, cache, publisher, pointer):
    cache.set(POINTER_KEY, pointer)
    try:
        assert client.get("/clientes/cliente-3/score").status_code == 200
    finally:
        publisher.reconcile()


def test_without_redis_scores_come_from_postgres(settings, publisher):
    lame = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})
    with running(create_app(lame)) as url, caller(url, settings) as client:
        assert client.get("/clientes/cliente-3/score").json()["score"] is not None
        assert client.get("/clientes/ninguem/score").status_code == 404


def test_without_either_the_caller_is_told_when_to_retry(settings, publisher):
    nowhere = SecretStr("postgresql+psycopg2://a:b@127.0.0.1:1/score")
    lame = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0"), "results_url": nowhere})
    with running(create_app(lame)) as url, caller(url, settings) as client:
        for answer in (
            client.get("/clientes/cliente-3/score"),
            client.post("/scores/consultar", json={"cpfs": ["52998224725"]}),
        ):
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert "127.0.0.1" not in answer.text


def test_every_answer_during_switches_is_one_whole_run_and_none_goes_back(client, settings, publisher, engine, cache):
    """The reasons' points and the scores of one answer all belong to one run; runs follow in order."""
    cpfs = make_scores(ROWS)["cpf"].to_pylist()
    whole = {
        number: [row["score"] for row in make_scores(ROWS, shift=number * 7).to_pylist()] for number in range(1, 30)
    }
    seen: list[int] = []
    problems: list[object] = []
    stop = threading.Event()

    def poll() -> None:
        with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=20) as own:
            while not stop.is_set():
                answer = own.post("/scores/consultar", json={"cpfs": cpfs})
                if answer.status_code != 200:
                    problems.append(answer.status_code)
                    continue
                scores = [item["resultado"]["score"] for item in answer.json()["resultados"]]
                seen.extend([number for number, wanted in whole.items() if wanted == scores] or [-1])

    thread = threading.Thread(target=poll)
    thread.start()
    for number in range(2, 12):
        publish(publisher, engine, number)
    stop.set()
    thread.join()
    assert problems == []
    assert -1 not in seen
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    publisher.rollback()
    assert cache.get(POINTER_KEY) is not None
    assert client.get("/clientes/cliente-1/score").json()["score"] == whole[10][1]
