"""Runs disturbed by whatever a seed says, then repeated: what stands is what an undisturbed run leaves, byte for byte.

Half-finished runs: seen as such, given up by hand or by rule, and nothing of them left behind. A failure tells its
faults and the command that repeats it. All in one file, for it goes to one process of the tests, and a house is dear.
"""

import json
from typing import Any
from uuid import UUID

import pytest

from tests.run_faults.faults import ARTIFACTS, LEFT_ORPHANS, OF_A_WORKER, ONCE_FAILED, Fault, in_turn, strikes
from tests.run_faults.house import LATER, House
from tests.run_faults.planted_bugs import BUGS
from tests.run_faults.published_state import read_state
from tests.run_faults.trial import Court, try_fault, try_seed
from tests.zygote import Ended

SEEDS = range(1, 21)
LONG_SEEDS = range(1, 201)
HOURS = 3600

STAGED = {"faults": [{"do": "kill", "at": "pg insert into modelo", "nth": 1}]}
"""Dies in the transaction that publishes: everything is staged in both stores."""

PLANNED = {"faults": [{"do": "kill", "at": "pg create table score", "nth": 1}]}
"""Dies before anything is staged: every range is finished."""

CAUGHT_BY = {
    "a lost range": "are missing",
    "a doubled range": "rejects where",
    "a mixed publication": "rows, of which",
    "a stale Redis generation": "Redis points to",
    "a silent reject": "rejects where",
}
"""Planted bug, and what the checker has to say of it."""


@pytest.mark.parametrize("seed", SEEDS)
def test_a_disturbed_run_ends_as_an_undisturbed_one(court: Court, seed: int) -> None:
    assert not (told := try_seed(court, seed)), told


@pytest.mark.long
@pytest.mark.timeout(4 * HOURS)
def test_two_hundred_seeds(court: Court) -> None:
    failed = [told for seed in LONG_SEEDS if (told := try_seed(court, seed))]
    assert failed == [], "\n\n".join(failed)


@pytest.mark.long
@pytest.mark.timeout(4 * HOURS)
def test_a_kill_at_every_boundary(court: Court) -> None:
    failed = [told for fault in in_turn("kill", court.known) if (told := try_fault(court, fault))]
    assert failed == [], "\n\n".join(failed)


@pytest.mark.long
@pytest.mark.timeout(4 * HOURS)
def test_every_fault_of_every_store(court: Court) -> None:
    failed = [told for fault in strikes(court.known) if (told := try_fault(court, fault))]
    assert failed == [], "\n\n".join(failed)


@pytest.mark.long
@pytest.mark.timeout(HOURS)
@pytest.mark.parametrize("artifacts", [0, 1, 3, 5, 6])
def test_a_killed_worker_of_dask(court: Court, artifacts: int) -> None:
    """Killed as soon as it is there, and when so many ranges, or their scores, are finished."""
    assert not (told := try_fault(court, Fault(OF_A_WORKER, ARTIFACTS, artifacts))), told


@pytest.mark.parametrize(("bug", "told"), CAUGHT_BY.items())
def test_the_checker_catches_a_planted_bug(court: Court, bug: str, told: str) -> None:
    """Five deliberate ones, each of which leaves the run content with itself."""
    wrongs = court.try_bug(bug)
    assert any(told in wrong for wrong in wrongs), wrongs


def test_every_bug_is_tried() -> None:
    assert CAUGHT_BY.keys() == BUGS.keys()
    assert len(BUGS) == 5


@pytest.mark.long
@pytest.mark.parametrize("fault", ONCE_FAILED, ids=str)
def test_what_passes_by_itself_is_tried_again_within_the_run(court: Court, fault: Fault) -> None:
    """Each once ended a run."""
    court.house.restore_golden()
    done = court.house.run(plan=fault.plan())
    assert done.code == 0, done.told
    assert court.judge() == []


@pytest.mark.parametrize("fault", LEFT_ORPHANS, ids=str)
def test_what_once_left_orphans_leaves_none(court: Court, fault: Fault) -> None:
    assert not (told := try_fault(court, fault)), told


@pytest.mark.long
@pytest.mark.parametrize("store", ["redis", "results"])
def test_a_store_that_is_killed_and_started_again_while_a_run_is_published(court: Court, store: str) -> None:
    assert not (told := try_fault(court, Fault("killed", "pg copy score", 1, store=store))), told


def escore(house: House, *arguments: str, code: int = 0) -> Ended:
    done = house.zygote.start(list(arguments), plan={}).wait()
    assert done.code == code, done.told
    return done


def listed(house: House) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads(escore(house, "runs", "list", "--json").output)
    return runs


def kill_one(house: House, plan: dict[str, Any]) -> UUID:
    assert house.run(plan=plan).code == -9
    [(killed,)] = house.query("select id from execucao where situacao = 'em_andamento'")
    return UUID(str(killed))


def test_a_killed_run_is_seen_as_half_finished_and_given_up_without_a_trace(court: Court) -> None:
    house = court.house
    house.restore_golden()
    before = read_state(house)
    killed = kill_one(house, STAGED)
    assert [run["estado"] for run in listed(house)] == ["pela_metade", "vigente", "substituida"]
    shown = json.loads(escore(house, "runs", "show", str(killed), "--verify", "--json").output)
    assert shown["lago"] == {"faixas": 3, "prontas": 3, "conferidas": True, "danos": []}
    for _ in range(2):
        assert "is given up" in escore(house, "runs", "abandon", str(killed)).told
    after = read_state(house)
    assert after.rows == before.rows
    assert after.rejects == before.rejects
    assert after.generations == before.generations
    assert after.lake == before.lake
    assert [run["estado"] for run in listed(house)] == ["falhou", "vigente", "substituida"]
    assert house.run().code == 0
    assert court.judge() == []


def test_a_published_run_and_one_that_is_not_there_cannot_be_given_up(court: Court) -> None:
    house = court.house
    house.restore_golden()
    [in_force] = [run["execucao_id"] for run in listed(house) if run["estado"] == "vigente"]
    assert "was published" in escore(house, "runs", "abandon", in_force, code=9).told
    assert "no run" in escore(house, "runs", "abandon", str(UUID(int=1)), code=9).told
    assert "no run" in escore(house, "runs", "show", str(UUID(int=1)), code=9).told


def test_a_run_at_work_is_seen_as_such_and_cannot_be_given_up(court: Court) -> None:
    house = court.house
    house.restore_golden()
    run = house.start(plan={"faults": [{"do": "stop", "at": "pg create table score", "nth": 1}]})
    assert run.await_state("TZ", seconds=120) == "T"
    [newest, *_] = listed(house)
    assert newest["estado"] == "em_andamento"
    assert "another process" in escore(house, "runs", "abandon", newest["execucao_id"], code=9).told
    run.signal(18)
    assert run.wait().code == 0
    assert court.judge() == []


def test_a_run_that_nobody_goes_on_with_is_given_up_by_the_next_days_run(court: Court) -> None:
    """Killed on one date, and never again run for it: a day later nothing of it is left."""
    house = court.house
    house.restore_golden()
    killed = kill_one(house, STAGED)
    age = "update execucao set iniciada_em = iniciada_em - interval '25 hours', data_referencia = '2025-12-29'"
    house.change(f"{age} where id = '{killed}'")
    assert house.run().code == 0
    assert court.judge() == []
    assert read_state(house).runs[killed].state == "falhou"


def test_damage_is_shown_by_name_and_done_anew(court: Court) -> None:
    house = court.house
    house.restore_golden()
    killed = kill_one(house, PLANNED)
    file = house.lake / "snapshots" / str(killed) / "faixa-00001" / "divida.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    shown = escore(house, "runs", "show", str(killed), "--verify", code=5)
    assert f"snapshots/{killed}/faixa-00001/divida.parquet: altered since it was written\n" in shown.told
    assert house.run().code == 0
    assert court.judge() == []


def test_damaged_manifests_of_every_kind_are_done_anew(court: Court) -> None:
    """Of a range's snapshot and scores, of the strays; the run goes on and does not end at one it cannot read."""
    house = court.house
    house.restore_golden()
    killed = kill_one(house, PLANNED)
    for place in ("scores/{}/faixa-00001", "snapshots/{}/faixa-00002", "snapshots/{}/avulsos"):
        file = house.lake / place.format(killed) / "manifesto.json"
        file.write_bytes(file.read_bytes()[:-20])
    done = house.run()
    assert done.code == 0, done.told
    assert court.judge() == []


def test_ranges_whose_plan_is_gone_are_not_taken_for_those_of_another_plan(court: Court) -> None:
    """Else a setting that changed in between would lose or double consumers; the files are then cut otherwise."""
    house = court.house
    house.restore_golden()
    killed = kill_one(house, PLANNED)
    (house.lake / "snapshots" / str(killed) / "plano" / "manifesto.json").unlink()
    done = house.start(LATER, SCORE_RANGE_SIZE="150").wait()
    assert done.code == 0, done.told
    others = [wrong for wrong in court.judge() if not wrong.endswith("files in the lake differ from the truth")]
    assert others == [], others
