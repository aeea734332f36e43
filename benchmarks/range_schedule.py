"""A night's ranges dealt out to workers, simulated event by event: how long, how well used, what failures cost.

What is simulated is what ``flows`` does. Ranges go out in tasks whose sizes fall (``flows.run_plan.group_ranges``),
each to the first worker that is free. A task reads its next range while it works on the last, and no further one
(``flows.read_ahead``). Reading a range takes records from the three stores at once, which all workers share, and CPU
of the worker's one core, which its work shares. Each stage ends with a wait for the lake. A worker that fails loses
what it had under way; its task goes to another, which looks the finished ranges over and does the rest.

What is not: a network, disks, stores that slow down under load, machines that fail together, Dask's own decisions
beyond "the first free worker takes the next task".
"""

from __future__ import annotations

import csv
import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.shared_resource import SharedResource
from flows.run_plan import MAX_TASKS, group_ranges

MEASURED = Path(__file__).with_name("range_seconds.csv")
"""Seconds of the 100 ranges of one run, from its manifests (``RangeSummary.seconds``)."""


@dataclass(frozen=True, slots=True)
class RangeCosts:
    """What one range takes on average: CPU seconds to read and to work on it, records by store, waits for the lake."""

    read_cpu: float
    work_cpu: float
    records: tuple[float, ...] = ()
    read_wait: float = 0.0
    work_wait: float = 0.0
    look_over: float = 0.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers of one core each, what a task costs on top, how workers start and fail, and what the stores give.

    Times are seconds, ``stores`` records a second that each store gives to all workers together, ``pace`` the most that
    one connection gets. ``mean_life`` is that of a worker until it fails; a dead one is noticed after ``notice``, and
    another stands in for it ``start_up`` after its end.
    """

    workers: int
    task_overhead: float = 0.0
    start_up: float = 0.0
    mean_life: float = inf
    notice: float = 0.0
    stores: tuple[float, ...] = ()
    pace: float = inf
    max_tasks: int = MAX_TASKS


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a worker did from one time to another: a task, or being out."""

    worker: int
    start: float
    end: float
    task: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a night went, in seconds; ``done`` and ``begun`` count how often each range was finished, and was begun.

    ``useful`` is the CPU that the ranges need, each once, with their tasks' overhead; ``idle_tail`` what the workers
    together waited at the end, when no task was left for them.
    """

    workers: int
    makespan: float
    useful: float
    idle_tail: float
    failures: int
    done: tuple[int, ...]
    begun: tuple[int, ...]
    stretches: tuple[Stretch, ...]

    @property
    def efficiency(self) -> float:
        """Return the share of the workers' time, from the first's start to the end, that went into useful work."""
        return self.useful / (self.workers * self.makespan)

    @property
    def repeated(self) -> int:
        """Return how many ranges were begun again because a worker failed."""
        return sum(self.begun) - len(self.begun)


def measured_ratios(path: Path = MEASURED) -> npt.NDArray[np.float64]:
    """Return the time of each measured range over the mean of all."""
    with path.open(encoding="utf-8", newline="") as file:
        seconds = np.array([sum(float(row[step]) for step in row if step != "faixa") for row in csv.DictReader(file)])
    ratios: npt.NDArray[np.float64] = seconds / seconds.mean()
    return ratios


def useful_seconds(costs: RangeCosts, ratios: Sequence[float], cluster: Cluster) -> float:
    """Return the CPU seconds of all ranges, each done once, and their tasks' overhead."""
    tasks = len(group_ranges(len(ratios), max_tasks=cluster.max_tasks))
    return (costs.read_cpu + costs.work_cpu) * float(np.sum(ratios)) + cluster.task_overhead * tasks


def lower_bound(costs: RangeCosts, ratios: Sequence[float], cluster: Cluster) -> float:
    """Return what no schedule without failures can be faster than: cores, stores, and the longest range each bind."""
    cpu = useful_seconds(costs, ratios, cluster)
    stores = [len(ratios) * records / rate for records, rate in zip(costs.records, cluster.stores, strict=True)]
    longest = (costs.read_cpu + costs.work_cpu) * max(ratios) + costs.read_wait + costs.work_wait
    return cluster.start_up + max([cpu / cluster.workers, longest, *stores])


def simulate(costs: RangeCosts, ratios: Sequence[float], cluster: Cluster, *, seed: int = 0) -> Schedule:
    """Return the schedule of as many ranges as there are ratios, each of which scales a range's CPU seconds."""
    return _Night(costs, ratios, cluster, np.random.default_rng(seed)).run()


@dataclass(slots=True)
class _Worker:
    number: int
    core: SharedResource
    life: int = 0
    task: int | None = None
    since: float = 0.0
    to_read: deque[int] = field(default_factory=deque)
    reading: int | None = None
    parts: int = 0
    read: int | None = None
    working: int | None = None
    ready: bool = False
    idle_from: float = 0.0


class _Night:
    """The state of a simulated night; events are (time, order, what, arguments)."""

    def __init__(self, costs: RangeCosts, ratios: Sequence[float], cluster: Cluster, rng: np.random.Generator) -> None:
        self.costs, self.ratios, self.cluster, self.rng = costs, ratios, cluster, rng
        self.groups = group_ranges(len(ratios), max_tasks=cluster.max_tasks)
        self.waiting = deque(range(len(self.groups)))
        self.open_tasks = len(self.groups)
        self.now = 0.0
        self.events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.order = 0
        self.stores = [SharedResource(rate, cluster.pace) for rate in cluster.stores]
        self.workers = [_Worker(number, SharedResource(1.0)) for number in range(cluster.workers)]
        self.jobs: dict[int, tuple[int, int, str, SharedResource]] = {}
        self.next_job = 0
        self.done = [0] * len(ratios)
        self.begun = [0] * len(ratios)
        self.failures = 0
        self.stretches: list[Stretch] = []

    def run(self) -> Schedule:
        for worker in self.workers:
            self._at(self.cluster.start_up, self._on_start, worker.number, worker.life)
        while self.open_tasks:
            self.now, _, happen, arguments = heapq.heappop(self.events)
            happen(*arguments)
        idle = sum(self.now - worker.idle_from for worker in self.workers if worker.task is None)
        return Schedule(
            self.cluster.workers,
            self.now,
            useful_seconds(self.costs, self.ratios, self.cluster),
            idle,
            self.failures,
            tuple(self.done),
            tuple(self.begun),
            tuple(self.stretches),
        )

    def _at(self, time: float, happen: Callable[..., None], *arguments: Any) -> None:
        self.order += 1
        heapq.heappush(self.events, (time, self.order, happen, arguments))

    def _on_start(self, number: int, life: int) -> None:
        worker = self.workers[number]
        if worker.life != life:
            return
        worker.ready, worker.idle_from = True, self.now
        if self.cluster.mean_life < inf:
            self._at(self.now + self.rng.exponential(self.cluster.mean_life), self._on_fail, number, life)
        self._take_task(worker)

    def _take_task(self, worker: _Worker) -> None:
        if not worker.ready or worker.task is not None or not self.waiting:
            return
        worker.task, worker.since = self.waiting.popleft(), self.now
        ranges = self.groups[worker.task]
        finished = sum(self.done[index] for index in ranges)
        worker.to_read = deque(index for index in ranges if not self.done[index])
        before = self.cluster.task_overhead + finished * self.costs.look_over
        self._at(self.now + before, self._on_begin, worker.number, worker.life)

    def _on_begin(self, number: int, life: int) -> None:
        worker = self.workers[number]
        if worker.life == life:
            self._go_on(worker)

    def _go_on(self, worker: _Worker) -> None:
        """Start whatever may start now: the work on a range that was read, the reading of the next, another task."""
        if worker.working is None and worker.read is not None:
            worker.working, worker.read = worker.read, None
            self._add(worker, worker.core, "work", self.costs.work_cpu * self.ratios[worker.working])
        if worker.reading is None and worker.read is None and worker.to_read:
            worker.reading = worker.to_read.popleft()
            self.begun[worker.reading] += 1
            worker.parts = 1 + len(self.costs.records)
            self._add(worker, worker.core, "read", self.costs.read_cpu * self.ratios[worker.reading])
            for store, records in enumerate(self.costs.records):
                self._add(worker, self.stores[store], "read", records)
        if worker.task is not None and worker.working is None and worker.reading is None and worker.read is None:
            self._end_task(worker)

    def _end_task(self, worker: _Worker) -> None:
        assert worker.task is not None
        self.stretches.append(Stretch(worker.number, worker.since, self.now, worker.task))
        self.open_tasks -= 1
        worker.task, worker.idle_from = None, self.now
        self._take_task(worker)

    def _add(self, worker: _Worker, resource: SharedResource, stage: str, amount: float) -> None:
        job, self.next_job = self.next_job, self.next_job + 1
        self.jobs[job] = (worker.number, worker.life, stage, resource)
        resource.add(self.now, job, amount)
        self._watch(resource)

    def _watch(self, resource: SharedResource) -> None:
        end = resource.next_end()
        if end < inf:
            self._at(end, self._on_job_end, resource, resource.version)

    def _on_job_end(self, resource: SharedResource, version: int) -> None:
        if resource.version != version:
            return
        number, _, stage, _ = self.jobs.pop(resource.end_next(self.now))
        self._watch(resource)
        worker = self.workers[number]
        if stage == "work":
            self._at(self.now + self.costs.work_wait, self._on_worked, number, worker.life)
            return
        worker.parts -= 1
        if not worker.parts:
            self._at(self.now + self.costs.read_wait, self._on_read, number, worker.life)

    def _on_read(self, number: int, life: int) -> None:
        worker = self.workers[number]
        if worker.life == life:
            worker.read, worker.reading = worker.reading, None
            self._go_on(worker)

    def _on_worked(self, number: int, life: int) -> None:
        worker = self.workers[number]
        if worker.life == life:
            assert worker.working is not None
            self.done[worker.working] += 1
            worker.working = None
            self._go_on(worker)

    def _on_fail(self, number: int, life: int) -> None:
        worker = self.workers[number]
        if worker.life != life:
            return
        self.failures += 1
        for job in [job for job, (owner, _, _, _) in self.jobs.items() if owner == number]:
            resource = self.jobs.pop(job)[3]
            resource.remove(self.now, job)
            self._watch(resource)
        if worker.task is not None:
            self.stretches.append(Stretch(number, worker.since, self.now, worker.task, failed=True))
            self._at(self.now + self.cluster.notice, self._on_requeue, worker.task)
        worker.life += 1
        worker.ready, worker.task, worker.idle_from = False, None, self.now
        worker.reading = worker.read = worker.working = None
        worker.to_read.clear()
        self._at(self.now + self.cluster.start_up, self._on_start, number, worker.life)

    def _on_requeue(self, task: int) -> None:
        self.waiting.appendleft(task)
        for worker in self.workers:
            self._take_task(worker)
