"""How tasks on CPF ranges are run: some at once, tried again only when a store did not answer, nothing cached."""

from __future__ import annotations

from typing import Any, ParamSpec, TypeVar, cast

from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task, exponential_backoff

from contracts.errors import SettingsError, StoreUnavailableError
from contracts.settings import PREFIX, Settings

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_WORKERS = 2
"""CPF ranges worked on at once in a deployment that does not say otherwise."""


_DASK_MODULES = ("dask", "distributed", "prefect_dask")


def range_runner(workers: int = DEFAULT_WORKERS) -> TaskRunner[PrefectFuture[Any]]:
    """Return the runner of a flow's tasks: so many threads, each at work on one range at a time."""
    runner: Any = ThreadPoolTaskRunner(max_workers=workers)
    return cast(TaskRunner[PrefectFuture[Any]], runner)


def run_runner(settings: Settings) -> TaskRunner[PrefectFuture[Any]]:
    """Return the runner of a nightly run: Dask where ``SCORE_DASK`` says so, else threads of this process."""
    if settings.dask is None:
        return range_runner(settings.workers)
    try:
        from flows.dask_runner import dask_runner  # noqa: PLC0415 - an extra that threads do without
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in _DASK_MODULES:
            raise
        raise SettingsError([f"{PREFIX}DASK needs the extra `dask`: pip install '.[dask]' in the checkout"]) from None
    return dask_runner(settings)


def is_io_failure(_task: Any, _run: Any, state: Any) -> bool:
    """Return whether a task failed because a store did not answer (Prefect's retry condition)."""
    return isinstance(state.result(raise_on_failure=False), StoreUnavailableError)


def trying_again(task: Task[P, R], settings: Settings) -> Task[P, R]:
    """Return a task that is tried ``SCORE_IO_RETRIES`` times more, two, four, eight seconds later, and so on.

    Prefect computes the waits when they are given, from the number of tries that is given beside them.
    """
    waits = exponential_backoff(backoff_factor=2)
    return task.with_options(retries=settings.io_retries, retry_delay_seconds=waits)


IO_TASK: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_io_failure,
}
