"""A schedule of one run, due soon: given to the deployment of the night, waited for, and taken away again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.schedules import RRuleSchedule

from contracts.errors import StoreUnavailableError

NIGHT = "score-clients/night"
DUE_IN_SECONDS = (10, 30, 90)
ENDS_WITHIN_SECONDS = 900
_ENDED = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """A run that a schedule made: its id on the Prefect server, its name, and the type of state that it ended in."""

    id: UUID
    name: str
    state: str


def run_by_schedule(as_of: date | None) -> ScheduledRun:
    """Give the night a schedule of one run, due soon; wait until that run has ended, and return it.

    The server looks at deployments that have just changed every few seconds, at all every minute, and makes no run of
    what is past by then: where it did not come to it, a later instant is tried.
    """
    parameters = {} if as_of is None else {"as_of": as_of.isoformat()}
    with get_client(sync_client=True) as client:
        deployment_id = client.read_deployment_by_name(NIGHT).id
        for seconds in DUE_IN_SECONDS:
            due = due_in(seconds, datetime.now(UTC))
            schedule_id = _schedule_once(client, deployment_id, due, parameters)
            try:
                if _due_run(client, deployment_id, due, within=2 * seconds) is not None:
                    return _ended(client, deployment_id, due)
            finally:
                client.delete_deployment_schedule(deployment_id, schedule_id)
                drop_waiting_run(client, deployment_id, due)
    raise StoreUnavailableError("the Prefect server made no run of a schedule: is it too busy?")


def due_in(seconds: int, now: datetime) -> datetime:
    """Return a whole second so far ahead, and not at a minute's turn: there the night's own schedule may have a run.

    >>> [f"{due_in(10, datetime(2026, 1, 1, 3, 59, second)):%M:%S}" for second in (38, 49, 50, 52)]
    ['59:48', '00:02', '00:02', '00:02']
    """
    due = now.replace(microsecond=0) + timedelta(seconds=seconds)
    return due + timedelta(seconds={58: 4, 59: 3, 0: 2, 1: 1}.get(due.second, 0))


def _schedule_once(client: SyncPrefectClient, deployment_id: UUID, due: datetime, parameters: dict[str, Any]) -> UUID:
    rule = RRuleSchedule(rrule=f"DTSTART:{due:%Y%m%dT%H%M%SZ}\nRRULE:FREQ=MINUTELY;COUNT=1", timezone="UTC")
    once = DeploymentScheduleCreate(schedule=rule, active=True, parameters=parameters)
    [schedule] = client.create_deployment_schedules(deployment_id, [once])
    client.update_deployment(deployment_id, DeploymentUpdate(paused=False))  # so that it is looked at within seconds
    return schedule.id


def drop_waiting_run(client: SyncPrefectClient, deployment_id: UUID, due: datetime) -> None:
    """Delete the run that was due then if it still waits: without its schedule Prefect keeps the one that waits."""
    run = _due_run(client, deployment_id, due, within=0)
    if run is not None and run.state_type == StateType.SCHEDULED:
        client.delete_flow_run(run.id)


def _due_run(client: SyncPrefectClient, deployment_id: UUID, due: datetime, *, within: float) -> FlowRun | None:
    """Return the run that is due then, waiting for it; None if there is none in time."""
    second = timedelta(seconds=1)
    around = {"after_": due - second, "before_": due + second}
    deadline = time.monotonic() + within
    while True:
        found = client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
            flow_run_filter=FlowRunFilter(expected_start_time=FlowRunFilterExpectedStartTime.model_validate(around)),
        )
        if found or time.monotonic() > deadline:
            return found[0] if found else None
        time.sleep(1.0)


def _ended(client: SyncPrefectClient, deployment_id: UUID, due: datetime) -> ScheduledRun:
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        run = _due_run(client, deployment_id, due, within=0)
        if run is not None and run.state_type is not None and run.state_type.value in _ENDED:
            return ScheduledRun(run.id, run.name, run.state_type.value)
        time.sleep(1.0)
    raise StoreUnavailableError(f"the scheduled run did not end within {ENDS_WITHIN_SECONDS // 60} minutes")
