"""A run's tasks on Dask: Prefect's own task runner, on a scheduler that exists or on worker processes of this machine.

Tasks carry a run's id and numbers of ranges, and bring back counts; stores and lake are opened in the worker. Dask
does again what a dead worker had under way, and the lake keeps what it had finished.
"""

from __future__ import annotations

import logging
from typing import Any

import dask
from dask.system import CPU_COUNT
from distributed import CancelledError, KilledWorker
from distributed.comm import CommClosedError
from distributed.system import MEMORY_LIMIT
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner
from prefect_dask import DaskTaskRunner
from prefect_dask.task_runners import PrefectDaskFuture

from contracts.errors import SettingsError, StoreUnavailableError
from contracts.settings import PREFIX, Settings
from contracts.urls import LOCAL_DASK
from flows.dask_workers import check_workers

_MIB = 1 << 20
_LOCAL_CONFIG = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.no-workers-timeout": "5 minutes",  # else a run waits for ever for workers that stay away
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,  # what spills is personal data
    "distributed.worker.memory.pause": False,  # a paused worker waits for memory that nobody frees
    "distributed.worker.memory.terminate": 0.95,
}


def dask_runner(settings: Settings) -> TaskRunner[PrefectFuture[Any]]:
    """Return the runner of ``SCORE_DASK``; an existing scheduler's workers are looked at first.

    Raises
    ------
    SettingsError
        There is no Prefect server that workers could report to, or a worker is not like this process.
    StoreUnavailableError
        The scheduler does not answer, or has no worker.
    """
    if settings.prefect_api_url is None:
        raise SettingsError(
            [f"{PREFIX}DASK needs a Prefect server that every worker reaches: run `escore up`, or set PREFECT_API_URL"]
        )
    logging.getLogger("distributed").setLevel(logging.WARNING)
    address = settings.dask or LOCAL_DASK
    if address == LOCAL_DASK:
        return RangeRunner(cluster_kwargs=local_cluster(settings))
    check_workers(address, settings)
    return RangeRunner(address=address)


def local_cluster(settings: Settings) -> dict[str, Any]:
    """Return the options of a cluster of single-threaded processes, as many as this machine's cores and memory bear.

    ``SCORE_WORKERS`` says how many if it is set. They speak TLS with a key of this run alone: who reaches a scheduler
    can make it run anything. A worker is ended at 95% of its memory, and its work done again.
    """
    dask.config.set(_LOCAL_CONFIG)
    wanted = settings.workers if "workers" in settings.model_fields_set else CPU_COUNT
    bearable = max(1, MEMORY_LIMIT // (settings.dask_worker_mib * _MIB))
    return {
        "n_workers": min(wanted, bearable),
        "threads_per_worker": 1,
        "processes": True,
        "host": "127.0.0.1",
        "security": True,
        "dashboard_address": None,
        "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"},
        "local_directory": str((settings.var / "dask").resolve()),
        "memory_limit": settings.dask_worker_mib * _MIB,
    }


class RangeFuture(PrefectDaskFuture):
    """A task's future that lets go of the result once it was taken, and names what became of the workers."""

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> Any:
        """Return what the task brought back, or raise what it failed with."""
        try:
            return super().result(timeout, raise_on_failure)
        except KilledWorker:
            raise StoreUnavailableError(
                "Dask: every worker that took up the same ranges died; "
                f"give workers more memory, or make {PREFIX}RANGE_SIZE smaller"
            ) from None
        except (CancelledError, CommClosedError):
            raise StoreUnavailableError(
                "Dask: the scheduler went away; run again to go on from what is finished"
            ) from None
        finally:
            if self._final_state is not None:  # else Dask redoes finished work when the worker that holds it dies
                wrapped: Any = self._wrapped_future
                wrapped.release()


class RangeRunner(DaskTaskRunner):
    """Prefect's Dask task runner, with futures of ours."""

    def __exit__(self, *failure: object) -> None:
        """End the cluster, without a word of what is no news by now.

        Prefect's threads outlive a worker's own end by some seconds; a lost scheduler is looked for still.
        """
        logging.getLogger("distributed.nanny").setLevel(logging.ERROR)
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        super().__exit__(*failure)

    def submit(self, *arguments: Any, **options: Any) -> RangeFuture:
        """Send a task out; the arguments are Prefect's."""
        sent = super().submit(*arguments, **options)
        return RangeFuture(task_run_id=sent.task_run_id, wrapped_future=sent.wrapped_future)
