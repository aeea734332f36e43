"""The work pool that our deployments run in, and its queues: made once, brought up to date by every later set-up."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

POOL = "escore"
POOL_TYPE = "process"
QUEUES = {"night": 1, "erasures": 2, "models": 3}
"""The queues and their priority: a night goes before everything else."""

MOST_AT_ONCE = 4
"""Runs of the pool at once: one of each deployment, which has a limit of its own."""

_DESCRIPTION = "Runs of escore: night, training, monitoring, erasures. Made by `escore prefect setup`."


def set_up_pool(client: SyncPrefectClient, environment: Mapping[str, str]) -> None:
    """Make the pool and its queues, or bring them to this state; runs get ``environment``."""
    template = _job_template(environment)
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        made = WorkPoolCreate(
            name=POOL,
            type=POOL_TYPE,
            description=_DESCRIPTION,
            base_job_template=template,
            concurrency_limit=MOST_AT_ONCE,
        )
        client.create_work_pool(made)
    else:
        changed = WorkPoolUpdate(
            description=_DESCRIPTION, base_job_template=template, concurrency_limit=MOST_AT_ONCE, is_paused=False
        )
        client.update_work_pool(POOL, changed)
    for name, priority in QUEUES.items():
        _set_up_queue(client, name, priority)


def _set_up_queue(client: SyncPrefectClient, name: str, priority: int) -> None:
    try:
        queue = client.read_work_queue_by_name(name, work_pool_name=POOL)
    except ObjectNotFound:
        client.create_work_queue(name, priority=priority, work_pool_name=POOL)
    else:
        client.update_work_queue(queue.id, priority=priority)


def _job_template(environment: Mapping[str, str]) -> dict[str, Any]:
    template = deepcopy(ProcessWorker.get_default_base_job_template())
    template["variables"]["properties"]["env"]["default"] = dict(environment)
    return template
