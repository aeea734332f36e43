"""A night that does not give up: it goes on later after a store did not answer, or while another run is at work.

Tasks try again within seconds (``SCORE_IO_RETRIES``); this is for what lasts minutes, such as a database that fails
over. What the night has finished stays finished. A fault of the data or of the settings is not tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from prefect import get_run_logger

from contracts.errors import RunConflictError, StoreUnavailableError

R = TypeVar("R")

MOST_RETRIES = 20
WAIT_SECONDS = 600.0
LONGEST_WORK_SECONDS = 36_000.0
"""The work of the longest night that is let end, in all its tries: twice what a country's takes (the plan of scale)."""

HANGS_AFTER_SECONDS = LONGEST_WORK_SECONDS + MOST_RETRIES * WAIT_SECONDS
"""After it deploy/prefect/automations.yaml cancels a run, however often it was told to wait."""


def persist(work: Callable[[], R], *, retries: int, wait: Callable[[float], None] = time.sleep) -> R:
    """Return what ``work`` returns; call it again, up to ``retries`` times, after what passes by itself."""
    for left in range(retries, 0, -1):
        try:
            return work()
        except (StoreUnavailableError, RunConflictError) as error:
            name = type(error).__name__
            get_run_logger().warning("%s; going on in %.0f minutes, %d tries left", name, WAIT_SECONDS / 60, left)
        wait(WAIT_SECONDS)
    return work()
