"""What passes by itself is tried again within the run, which ends well."""

import pytest

from tests.run_faults.faults import Fault
from tests.run_faults.trial import Court

PASSING = [
    Fault("enospc", "lake write scores/faixa data", 3),
    Fault("enospc", "lake fsync", 20),
    Fault("short", "lake write snapshots/faixa data", 7),
    Fault("deadlock", "pg copy score", 2),
    Fault("serialization", "pg lock table score", 1),
    Fault("deadlock", "pg create table score", 1),
]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_passing_fault_is_tried_again(court: Court, fault: Fault) -> None:
    court.house.restore_golden()
    done = court.house.run(plan=fault.plan())
    assert done.code == 0, done.output
    assert court.judge() == []


def test_a_store_that_is_killed_and_started_again_while_a_run_is_published(court: Court) -> None:
    """Redis comes back, on its file, while PostgreSQL's rows are sent; the task is tried again."""
    faults = [Fault("killed", "pg copy score", 1, store="redis"), Fault("killed", "pg copy score", 1, store="results")]
    for fault in faults:
        assert court.try_faults([fault]) == []
