"""Runs disturbed by whatever a seed says, then repeated: what stands is what an undisturbed run leaves, byte for byte.

A failure tells its faults and the command that repeats it.
"""

import pytest

from tests.run_faults.__main__ import kills
from tests.run_faults.faults import Fault
from tests.run_faults.trial import Court, describe, try_seed

SEEDS = range(1, 21)
LONG_SEEDS = range(1, 201)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_disturbed_run_ends_as_an_undisturbed_one(court: Court, seed: int) -> None:
    assert not (told := try_seed(court, seed)), told


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_two_hundred_seeds(court: Court) -> None:
    failed = [told for seed in LONG_SEEDS if (told := try_seed(court, seed))]
    assert failed == [], "\n\n".join(failed)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_a_kill_at_every_boundary(court: Court) -> None:
    failed = [told for fault in kills(court.known) if (told := try_one(court, fault))]
    assert failed == [], "\n\n".join(failed)


def try_one(court: Court, fault: Fault) -> str:
    wrongs = court.try_faults([fault])
    command = f"python -m tests.run_faults --kind {fault.kind} --at '{fault.at}' --nth {fault.nth}"
    return describe([fault], wrongs, command) if wrongs else ""
