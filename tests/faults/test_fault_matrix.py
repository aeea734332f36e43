"""Stores fail one by one and in pairs while requests fly: no wrong answer, no 500, none late, full recovery."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.house import DEFAULT_TIMEOUTS, House, open_house
from tests.faults.load import Load, make_load
from tests.faults.matrix import PAIRS, SINGLES, try_calmly
from tests.faults.trial import Fault

SHORT_SECONDS = 3.0
LONG_SECONDS = 5.0
SHORT = [
    (Fault("redis", "frozen"),),
    (Fault("redis", "flushed"), Fault("base_a", "frozen")),
    (Fault("results", "killed"), Fault("base_b", "frozen")),
    (Fault("results", "slowed"), Fault("base_c", "cut")),
    (Fault("base_a", "resetting"), Fault("base_b", "killed"), Fault("base_c", "frozen")),
]
"""Two faults a store, each kind of fault at two kinds of store; those of stores that share no request go together."""


@pytest.fixture(scope="module")
def load(house: House) -> Iterator[Load]:
    with make_load(house) as load:
        yield load


@pytest.fixture(scope="module")
def usual_house(session_folder: Path) -> Iterator[House]:
    """The limits that a production has unless it sets others."""
    with open_house(session_folder, DEFAULT_TIMEOUTS) as house:
        yield house


@pytest.fixture(scope="module")
def usual_load(usual_house: House) -> Iterator[Load]:
    with make_load(usual_house) as load:
        yield load


@pytest.mark.parametrize("faults", SHORT, ids=lambda faults: ", ".join(map(str, faults)))
def test_stores_fail_and_come_back(house, load, faults):
    assert try_calmly(house, load, *faults, seconds=SHORT_SECONDS).problems() == []


def test_without_redis_and_results_scores_are_refused_and_the_rest_is_served(house, load):
    both = (Fault("redis", "killed"), Fault("results", "frozen"))
    trial = try_calmly(house, load, *both, seconds=SHORT_SECONDS)
    assert trial.problems() == []
    late_scores = [item for item in trial.of_kind("score", while_out=True) if item.began > trial.began + 1]
    assert {item.status for item in late_scores if item.ask.persons} == {503}


def test_nothing_of_all_this_names_a_person(house, load):
    """Log and metrics after the faults hold no CPF, no id and no query."""
    told = house.api.log.read_text() + httpx.get(f"{house.api.url}/metrics").text
    assert "/clientes/{cliente_id}/score" in told
    assert not [person for person in house.persons if person.id in told or person.cpf in told]
    assert not [line for line in told.splitlines() if re.search(r"\bSELECT\b|psycopg|Traceback", line)]


@pytest.mark.long
@pytest.mark.parametrize("faults", SINGLES, ids=lambda faults: str(faults[0]))
def test_every_fault_of_every_store_with_the_usual_limits(usual_house, usual_load, faults):
    assert try_calmly(usual_house, usual_load, *faults, seconds=LONG_SECONDS).problems() == []


@pytest.mark.long
@pytest.mark.parametrize("stores", PAIRS, ids="+".join)
def test_every_pair_of_faults(house, load, stores):
    problems = {}
    for faults in PAIRS[stores]:
        trial = try_calmly(house, load, *faults, seconds=SHORT_SECONDS)
        problems[" + ".join(map(str, faults))] = trial.problems()
    assert {faults: found for faults, found in problems.items() if found} == {}
