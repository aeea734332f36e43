"""Runs that a worker left behind: stopping it ends them at once, and Prefect's server goes on calling them running.

Until they are cancelled, or their leases end, they hold the place of the next run of their deployment.
"""

from __future__ import annotations

from datetime import datetime

import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled

from flows.prefect_pool import POOL

PATIENCE_SECONDS = 20.0
_WHY = "the worker was stopped; started again for its date, a night goes on from its finished ranges"


def cancel_left_runs(client: SyncPrefectClient, *, since: datetime, patience: float = PATIENCE_SECONDS) -> int:
    """Cancel the pool's runs that were begun since then and have no process on this machine; return how many.

    A process that is still ending is waited for, ``patience`` seconds; one that goes on is another worker's.
    """
    going = FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
    found = client.read_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=going)),
    )
    left = [run for run in found if run.state and run.state.timestamp >= since and not _goes_on(run, patience)]
    for run in left:
        client.set_flow_run_state(run.id, Cancelled(message=_WHY), force=True)
    return len(left)


def _goes_on(run: FlowRun, patience: float) -> bool:
    """Return whether a run's process is there, and stays for so many seconds."""
    try:
        psutil.Process(int(run.infrastructure_pid or "")).wait(timeout=patience)
    except (ValueError, psutil.NoSuchProcess):
        return False
    except psutil.TimeoutExpired:
        return True
    return False
