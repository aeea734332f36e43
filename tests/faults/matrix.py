"""All that can befall the stores, one by one and in pairs, and trials that begin only when all is well."""

from __future__ import annotations

import time
from itertools import combinations, product

from tests.faults.house import STORES, House
from tests.faults.load import Load
from tests.faults.trial import KINDS, Fault, Trial, is_calm, run_trial

CALM_AGAIN_SECONDS = 15.0
ATTEMPTS = 3
STARVED_SHARE = 0.2
"""Share of its time that the API may be kept from running: beyond it stores too are late for no fault of theirs."""


def faults_of(store: str) -> list[Fault]:
    """Return all that can befall one store."""
    kinds = (*KINDS, "flushed") if store == "redis" else KINDS
    return [Fault(store, kind) for kind in kinds]


SINGLES = [(fault,) for store in STORES for fault in (*faults_of(store), Fault(store, "cut"))]
PAIRS = {
    (one, other): list(product(faults_of(one), faults_of(other))) for one, other in combinations(reversed(STORES), 2)
}
"""Every pair of faults, by the two stores; Redis and results come first."""


def try_calmly(house: House, load: Load, *faults: Fault, seconds: float) -> Trial:
    """Run a trial that begins only when nothing is amiss any more; again if the machine was too busy to judge by."""
    for attempt in range(ATTEMPTS):
        _wait_for_calm(load)
        trial = run_trial(house, load, faults, seconds=seconds)
        if trial.starved < STARVED_SHARE or attempt == ATTEMPTS - 1:
            break
    return trial


def _wait_for_calm(load: Load) -> None:
    give_up = time.monotonic() + CALM_AGAIN_SECONDS
    while not is_calm(load, since=time.monotonic() - 1):
        assert time.monotonic() < give_up, "there is trouble before anything failed"
        time.sleep(0.1)
