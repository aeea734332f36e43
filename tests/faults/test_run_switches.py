"""Runs are published and rolled back while requests fly: each answer is from one whole run, and from the right one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from serve.publishing.publish import Publisher
from stores.connections import redis_client, sql_engine
from tests.api_server import token
from tests.faults import truth
from tests.faults.house import House
from tests.faults.load import Asks, Load
from tests.score_samples import make_run, make_scores, open_run

RATES = {"score": 50.0, "scores": 25.0}
RUNS = range(2, 9)
STEADY_SECONDS = 0.2
"""Between two switches: time for answers that can be of one run only."""


@pytest.fixture
def publisher(house: House) -> Iterator[Publisher]:
    engine = sql_engine(house.settings.secret("results_url"), timeout=10)
    with redis_client(house.settings.secret("redis_url"), timeout=10) as cache:
        yield Publisher(engine, cache, cache_key=house.settings.secret("cache_key").encode())
    engine.dispose()


def publish(publisher: Publisher, engine: sa.Engine, number: int) -> None:
    run = make_run(number)
    open_run(engine, run)
    publisher.begin(run, consumers=truth.CONSUMERS)
    publisher.stage(make_scores(truth.CONSUMERS, shift=truth.shift_of(number)))
    publisher.switch(run)


def switch_often(publisher: Publisher, engine: sa.Engine) -> list[tuple[float, float, int]]:
    """Publish run after run, roll every other one back; return from when to when which one was surely in force."""
    in_force = []
    current, since = 1, time.monotonic()
    for number in RUNS:
        for step in ("publish", "roll back") if number % 2 == 0 else ("publish",):
            time.sleep(STEADY_SECONDS)
            in_force.append((since, time.monotonic(), current))
            if step == "publish":
                publish(publisher, engine, number)
                current = number
            else:
                current = publisher.rollback().int
            since = time.monotonic()
    return in_force


def test_every_answer_is_of_one_whole_run_and_of_the_one_in_force(house, publisher):
    engine = sql_engine(house.settings.secret("results_url"), timeout=10)
    runs = {number: truth.make_known_run(number) for number in (1, *RUNS)}
    load = Load(house.api.url, token(house.settings), Asks(house.persons, runs.values()), RATES)
    with load:
        in_force = switch_often(publisher, engine)
    engine.dispose()
    outcomes = load.outcomes
    assert [(item.status, item.fault) for item in outcomes if not item.is_served] == []
    assert len({item.run for item in outcomes} - {None}) > len(RUNS) // 2
    checked = 0
    for began, ended, number in in_force:
        whole = [item for item in outcomes if item.run and began <= item.began and item.ended <= ended]
        assert {item.run for item in whole} <= {runs[number].computed_at}
        checked += len(whole)
    assert checked > 20
