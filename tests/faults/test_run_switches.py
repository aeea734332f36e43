"""Runs are published and rolled back while requests fly: each answer is from one whole run, and from the right one."""

from __future__ import annotations

import time

import sqlalchemy as sa

from serve.publishing.publish import Publisher
from tests.api_server import token
from tests.faults import truth
from tests.faults.load import Asks, Load
from tests.published_runs import publishing, put_in_force
from tests.score_samples import make_run, make_scores

RATES = {"score": 50.0, "scores": 25.0}
RUNS = range(2, 9)
STEADY_SECONDS = 0.2
"""Between two switches: time for answers that can be of one run only."""


def switch_often(publisher: Publisher, engine: sa.Engine) -> list[tuple[float, float, int]]:
    """Publish run after run, roll every other one back; return from when to when which one was surely in force."""
    in_force = []
    current, since = 1, time.monotonic()
    for number in RUNS:
        for step in ("publish", "roll back") if number % 2 == 0 else ("publish",):
            time.sleep(STEADY_SECONDS)
            in_force.append((since, time.monotonic(), current))
            if step == "publish":
                scores = make_scores(truth.CONSUMERS, shift=truth.shift_of(number))
                put_in_force(engine, publisher, make_run(number), scores)
                current = number
            else:
                current = publisher.rollback().int
            since = time.monotonic()
    return in_force


def test_every_answer_is_of_one_whole_run_and_of_the_one_in_force(house):
    runs = {number: truth.make_known_run(number) for number in (1, *RUNS)}
    load = Load(house.api.url, token(house.settings), Asks(house.persons, runs.values()), RATES)
    with publishing(house.settings) as (engine, publisher), load:
        in_force = switch_often(publisher, engine)
    outcomes = load.outcomes
    assert [(item.status, item.fault) for item in outcomes if not item.is_served] == []
    assert len({item.run for item in outcomes} - {None}) > len(RUNS) // 2
    checked = 0
    for began, ended, number in in_force:
        whole = [item for item in outcomes if item.run and began <= item.began and item.ended <= ended]
        assert {item.run for item in whole} <= {runs[number].computed_at}
        checked += len(whole)
    assert checked > 20
