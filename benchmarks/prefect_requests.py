"""Requests, log lines and events that a night, a turn of the queue and an idle worker send to Prefect, counted.

    escore prefect local --exit
    python -m benchmarks.prefect_requests --range-sizes 1000 100 --as-of 2025-12-31

A proxy that counts stands between a worker (with all that it starts) and the server in force, whose schedules are
paused meanwhile. What goes by the clock and not by the work is counted apart: the worker's questions for work, the
progress bar's updates, heartbeats. From two sizes follow the parts that a run has once and that each task adds; from
them, a country's night, whose steps have ``flows.run_plan.MAX_TASKS`` tasks at most.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any

import httpx

from benchmarks.counting_proxy import CountingProxy, Traffic, busiest_minute
from contracts.settings import PREFIX, load_settings
from flows.run_plan import MAX_TASKS, group_ranges

COUNTRY = 220_000_000
COUNTRY_RANGE = 10_000
NIGHT = "score-clients/night"
QUEUE = "erase-requested/erasures"
IDLE_SECONDS = 60.0
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
_ASKS_FOR_WORK = ("GET /work_pools/", "POST /work_pools/")
_UPDATES_PROGRESS = "PATCH /artifacts/"
_HEARTBEAT = "heartbeat"


@dataclass
class Counted:
    """One measurement: tasks of its ranges, and seconds; requests, lines and events, without what goes by the clock.

    That apart; the most of all in one minute; the largest body of a request, in bytes.
    """

    what: str
    tasks: int
    seconds: float
    requests: int
    told: int
    polls: int = 0
    updates: int = 0
    heartbeats: int = 0
    requests_minute: int = 0
    told_minute: int = 0
    largest: int = 0

    def row(self) -> str:
        """Return a row of the table."""
        return (
            f"| {self.what} | {self.tasks or ''} | {self.seconds:.0f} | {self.requests:,} | {self.polls:,} "
            f"| {self.updates:,} | {self.told:,} | {self.heartbeats:,} | {self.requests_minute:,} "
            f"| {self.told_minute:,} | {self.largest:,} |"
        )


class Bench:
    """A worker behind the proxy, and runs that it is given."""

    def __init__(self, api: str) -> None:
        self.proxy = CountingProxy(api)
        self._api = httpx.Client(base_url=api, timeout=60)

    @contextmanager
    def without_schedules(self) -> Iterator[None]:
        """Let no schedule start a run beside the counted ones; those that are under way end first."""
        going = {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}}
        active = [one["id"] for one in self._ask("POST", "/deployments/filter", {}) if not one["paused"]]
        try:
            for one in active:
                self._ask("POST", f"/deployments/{one}/pause_deployment")
            while self._ask("POST", "/flow_runs/count", {"flow_runs": going}):
                time.sleep(1)
            yield
        finally:
            for one in active:
                self._ask("POST", f"/deployments/{one}/resume_deployment")

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Run a worker that knows the proxy alone."""
        own = {"PREFECT_API_URL": f"http://127.0.0.1:{self.proxy.port}/api", "PREFECT_LOGGING_LEVEL": "INFO"}
        environment = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)} | own
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "escore", "--name", "contado"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)

    def count_run(self, name: str, what: str, tasks: int, **body: object) -> Counted:
        """Start a run of a deployment and count until it has ended."""
        traffic = self.proxy.traffic = Traffic()
        found = self._ask("GET", f"/deployments/name/{name}")
        made = self._ask("POST", f"/deployments/{found['id']}/create_flow_run", body)
        began = time.time()
        while (run := self._ask("GET", f"/flow_runs/{made['id']}"))["state_type"] not in _ENDED:
            time.sleep(1)
        if run["state_type"] != "COMPLETED":
            raise SystemExit(f"{what}: {run['state']}")
        time.sleep(5)  # what the run's process still has to tell
        return count_traffic(what, tasks, time.time() - began, traffic)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask the server past the proxy; one that is busy, again."""
        while (answer := self._api.request(method, path, json=body)).status_code == httpx.codes.SERVICE_UNAVAILABLE:
            time.sleep(1)
        return answer.raise_for_status().json() if answer.content else None

    def count_idle(self) -> Counted:
        """Count what a worker without work asks."""
        traffic = self.proxy.traffic = Traffic()
        time.sleep(IDLE_SECONDS)
        return count_traffic("a worker without work", 0, IDLE_SECONDS, traffic)


def country(small: Counted, large: Counted) -> tuple[int, int, int]:
    """Return tasks, requests, and lines and events of a country's night, by the line through two sizes.

    Without what goes by the clock. A task asks nothing of its own, so that a difference below none is chance.
    """
    tasks = len(group_ranges(ceil(COUNTRY / COUNTRY_RANGE), max_tasks=MAX_TASKS))
    return tasks, *(_by_line(small, large, name, tasks) for name in ("requests", "told"))


def _by_line(small: Counted, large: Counted, name: str, tasks: int) -> int:
    least, most = int(getattr(small, name)), int(getattr(large, name))
    each = max(most - least, 0) / (large.tasks - small.tasks)
    return ceil(max(least, most) + each * (tasks - large.tasks))


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--range-sizes", type=int, nargs=2, default=[1_000, 100])
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--as-of")
    options = parser.parse_args()
    bench = Bench(str(load_settings().prefect_api_url))
    parameters = {"as_of": options.as_of} if options.as_of else {}
    with bench.without_schedules(), bench.worker():
        counted = []
        for size in options.range_sizes:
            tasks = len(group_ranges(ceil(options.clients / size)))
            variables = {"env": {f"{PREFIX}RANGE_SIZE": str(size)}}
            night = bench.count_run(
                NIGHT, "a night", tasks, parameters=parameters | {"fresh": True}, job_variables=variables
            )
            counted.append(night)
            print(night.row(), dict(bench.proxy.traffic.paths), dict(bench.proxy.traffic.kinds), flush=True)
        counted += [bench.count_run(QUEUE, "a turn of the queue, nobody waiting", 0), bench.count_idle()]
    print(
        "| what | tasks of ranges | seconds | requests | questions for work | updates of the bar | lines, events ",
        end="",
    )
    print("| heartbeats | requests, busiest minute | lines, events, busiest minute | largest body, bytes |")
    print("|---" * 11 + "|")
    print("\n".join(one.row() for one in counted))
    print("a country's night: {} tasks, {:,} requests, {:,} lines and events".format(*country(*counted[:2])))


def count_traffic(what: str, tasks: int, seconds: float, traffic: Traffic) -> Counted:
    """Return a measurement of what went to the server."""
    asked, told = traffic.requests, traffic.told
    polls, updates = traffic.asked(*_ASKS_FOR_WORK), traffic.asked(_UPDATES_PROGRESS)
    heartbeats = sum(number for kind, number in traffic.kinds.items() if _HEARTBEAT in kind)
    return Counted(
        what,
        tasks,
        seconds,
        requests=len(asked) - polls - updates,
        told=len(told) - heartbeats,
        polls=polls,
        updates=updates,
        heartbeats=heartbeats,
        requests_minute=busiest_minute(asked),
        told_minute=busiest_minute(told),
        largest=traffic.largest,
    )


if __name__ == "__main__":
    main()
