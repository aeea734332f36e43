"""A run on Dask publishes what threads publish, also when a worker is killed in the middle, and tells nobody's data."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from distributed.protocol.pickle import dumps

from contracts.artifacts import ArtifactStore
from flows.range_work import finished_summary
from flows.run_plan import RunIdentity, read_plan
from flows.score_tasks import score_ranges
from tests.flows.conftest import AS_OF, CLIENTS, RANGE_SIZE, environment_of, escore, succeed
from tests.flows.test_resume import scored_ranges

RANGES = CLIENTS // RANGE_SIZE
RUN = ("run", "--as-of", str(AS_OF), "--json")
ROOT = Path(__file__).parents[2]


@contextmanager
def dask_process(settings, *arguments: str, **changes: str) -> Iterator[subprocess.Popen[str]]:
    """Run one of Dask's own commands as an operator would."""
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
        env=environment_of(settings, **changes),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        for child in children:
            with_no_such_process(child.kill)
        process.wait()


def with_no_such_process(action) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return


@pytest.fixture
def scheduler(night, tmp_path) -> Iterator[str]:
    """A scheduler without workers, on a free loopback port."""
    file = tmp_path / "scheduler.json"
    arguments = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with dask_process(night.settings, "dask_scheduler", *arguments):
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield json.loads(file.read_text())["address"]


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the worker processes of a run on a local cluster: Dask's nannies start them by spawning."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def same_as(night, done: subprocess.CompletedProcess[str]) -> None:
    """Assert that a run published what the night's threads published, and put the night's run in force again."""
    run = json.loads(succeed(done).stdout)
    assert run["impressao"] == night.run["impressao"]
    assert run["clientes"] == night.run["clientes"]
    succeed(escore(night.settings, "rollback"))


def test_a_local_cluster_publishes_the_same_bytes_though_a_worker_is_killed(night):
    lake = Path(night.settings.lake_root)
    known = scored_ranges(lake)
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *RUN],
        env=environment_of(night.settings, SCORE_DASK="local", SCORE_WORKERS="2"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 180
    while len(scored_ranges(lake) - known) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    finished = scored_ranges(lake) - known
    stamps = {path: (path / "manifesto.json").stat().st_mtime_ns for path in finished}
    workers = workers_of(process)
    os.kill(max(workers, key=lambda one: sum(one.cpu_times()[:2])).pid, signal.SIGKILL)
    out, err = process.communicate(timeout=300)
    assert 2 <= len(finished) < RANGES, "a worker must be killed between the first and the last range"
    assert process.returncode == 0, err
    assert "Traceback" not in err
    same_as(night, subprocess.CompletedProcess(process.args, process.returncode, out, err))
    for path, stamp in stamps.items():
        assert (path / "manifesto.json").stat().st_mtime_ns == stamp, "finished ranges are not done again"


def test_an_existing_scheduler_publishes_the_same_bytes(night, scheduler):
    worker = ("dask_worker", scheduler, "--nthreads", "1", "--memory-limit", "1GiB", "--host", "127.0.0.1")
    with dask_process(night.settings, *worker, "--no-dashboard"):
        same_as(night, escore(night.settings, *RUN, SCORE_DASK=scheduler))


def test_a_worker_that_is_not_like_the_run_is_told_before_it_begins(night, scheduler, tmp_path):
    worker = (
        "dask_worker",
        scheduler,
        "--nthreads",
        "2",
        "--memory-limit",
        "0",
        "--host",
        "127.0.0.1",
        "--no-dashboard",
    )
    with dask_process(night.settings, *worker, SCORE_LAKE=str(tmp_path / "outro")):
        done = escore(night.settings, *RUN, SCORE_DASK=scheduler)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for problem in ("the lake is", "--nthreads 1", "--memory-limit"):
        assert problem in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"SCORE_DASK": "tcp://127.0.0.1:1"}, 3, "no scheduler answers at tcp://127.0.0.1:1"),
        ({"SCORE_DASK": "maquina"}, 2, "SCORE_DASK: must be `local`"),
    ],
)
def test_what_is_wrong_with_dask_is_one_clear_line(night, changes, code, text):
    done = escore(night.settings, *RUN, **changes)
    assert done.returncode == code
    assert text in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_dask_without_a_prefect_server_is_one_clear_line(night):
    environment = environment_of(night.settings, SCORE_DASK="local")
    del environment["SCORE_PREFECT_API_URL"]
    command = [sys.executable, "-m", "flows.cli", *RUN]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs a Prefect server" in done.stderr


def test_tasks_carry_no_cpf_through_the_scheduler(night):
    """All that goes out and comes back: the task's parameters, pickled as Dask pickles them, and its result."""
    run = RunIdentity(UUID(night.run["execucao_id"]), AS_OF, night.run["modelo_versao"])
    lake = ArtifactStore(night.settings.lake_root)
    bounds = {b for r in read_plan(lake, run.snapshot_id) for b in (r.lower, r.upper) if b}
    summary = finished_summary(lake, run, 0)
    assert len(bounds) >= RANGES - 1
    sent = dumps((score_ranges, {"run": run, "indexes": [0, 1]}))
    brought = pickle.dumps(summary.to_json())
    for data in (sent, brought):
        found = set(re.findall(r"(?<!\d)\d{11}(?!\d)", data.decode("latin-1")))
        assert not found & bounds
    assert night.settings.secret("base_b_url").encode() not in sent
