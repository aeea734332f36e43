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
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from distributed import Security
from distributed.protocol.pickle import dumps

from contracts.artifacts import ArtifactStore
from flows.range_work import finished_summary
from flows.run_plan import RunIdentity, read_plan
from flows.score_tasks import score_ranges
from tests.flows.conftest import AS_OF, CLIENTS, RANGE_SIZE, environment_of, escore, roll_back, succeed
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


@dataclass
class Scheduler:
    """A running scheduler without workers: where it is, and what a process needs in its environment to speak to it."""

    process: subprocess.Popen[str]
    address: str
    environment: dict[str, str]


@contextmanager
def running_scheduler(settings, folder: Path, **environment: str) -> Iterator[Scheduler]:
    """Run a scheduler on a free loopback port; it speaks TLS if its environment names certificates."""
    file = folder / "scheduler.json"
    protocol = "tls" if environment else "tcp"
    arguments = ("--host", "127.0.0.1", "--port", "0", "--protocol", protocol, "--no-dashboard")
    with dask_process(settings, "dask_scheduler", *arguments, "--scheduler-file", str(file), **environment) as process:
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield Scheduler(process, json.loads(file.read_text())["address"], environment)


@pytest.fixture
def scheduler(night, tmp_path) -> Iterator[Scheduler]:
    """A scheduler that speaks in clear."""
    with running_scheduler(night.settings, tmp_path) as running:
        yield running


@pytest.fixture
def tls_scheduler(night, tmp_path) -> Iterator[Scheduler]:
    """A scheduler that speaks TLS, with certificates of this test alone."""
    pair = Security.temporary()
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_text(pair.tls_ca_file)
    key.write_text(pair.tls_scheduler_key)
    names = {"CA_FILE": certificate}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        names |= {f"{role}__CERT": certificate, f"{role}__KEY": key}
    environment = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(file) for name, file in names.items()}
    with running_scheduler(night.settings, tmp_path, **environment) as running:
        yield running


@contextmanager
def worker_of(settings, scheduler: Scheduler, *options: str, **changes: str) -> Iterator[None]:
    """Run a worker of a scheduler as docs/how-to/run-on-many-machines.md starts one, but for options given here."""
    arguments = ("dask_worker", scheduler.address, "--host", "127.0.0.1", "--no-dashboard")
    options = options or ("--nthreads", "1", "--memory-limit", "1GiB")
    with dask_process(settings, *arguments, *options, **(scheduler.environment | changes)):
        yield


@contextmanager
def run_under_way(settings, **changes: str) -> Iterator[tuple[subprocess.Popen[str], set[Path]]]:
    """Start a run and yield it when two of its ranges are done, with the folders of those that are."""
    lake = Path(settings.lake_root)
    known = scored_ranges(lake)
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *RUN],
        env=environment_of(settings, **changes),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 180
    while len(scored_ranges(lake) - known) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    finished = scored_ranges(lake) - known
    assert 2 <= len(finished) < RANGES, "two ranges are done, and not all"
    try:
        yield process, finished
    finally:
        process.kill()
        process.wait()


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the worker processes of a run on a local cluster: Dask's nannies start them by spawning."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def same_as(night, done: subprocess.CompletedProcess[str]) -> None:
    """Assert that a run published what the night's threads published, and put the night's run in force again."""
    run = json.loads(succeed(done).stdout)
    assert run["impressao"] == night.run["impressao"]
    assert run["clientes"] == night.run["clientes"]
    roll_back(night.settings)


def test_a_local_cluster_publishes_the_same_bytes_though_a_worker_is_killed(night):
    with run_under_way(night.settings, SCORE_DASK="local", SCORE_WORKERS="2") as (process, finished):
        stamps = {path: (path / "manifesto.json").stat().st_mtime_ns for path in finished}
        workers = workers_of(process)
        os.kill(max(workers, key=lambda one: sum(one.cpu_times()[:2])).pid, signal.SIGKILL)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    same_as(night, subprocess.CompletedProcess(process.args, process.returncode, out, err))
    for path, stamp in stamps.items():
        assert (path / "manifesto.json").stat().st_mtime_ns == stamp, "finished ranges are not done again"


def test_an_existing_scheduler_publishes_the_same_bytes_over_tls(night, tls_scheduler):
    assert tls_scheduler.address.startswith("tls://")
    with worker_of(night.settings, tls_scheduler):
        done = escore(night.settings, *RUN, SCORE_DASK=tls_scheduler.address, **tls_scheduler.environment)
        same_as(night, done)


def test_a_scheduler_that_goes_away_is_told_and_the_run_is_gone_on_with(night, scheduler):
    under_way = run_under_way(night.settings, SCORE_DASK=scheduler.address)
    with worker_of(night.settings, scheduler), under_way as (process, finished):
        scheduler.process.kill()
        _, err = process.communicate(timeout=120)
    stamps = {path: (path / "manifesto.json").stat().st_mtime_ns for path in finished}
    assert process.returncode == 3, err
    assert "the scheduler went away" in " ".join(err.split())
    assert "Traceback" not in err
    same_as(night, escore(night.settings, *RUN))
    for path, stamp in stamps.items():
        assert (path / "manifesto.json").stat().st_mtime_ns == stamp, "finished ranges are not done again"


def test_a_worker_that_is_not_like_the_run_is_told_before_it_begins(night, scheduler, tmp_path):
    other = {
        "SCORE_LAKE": str(tmp_path / "outro"),
        "SCORE_BASE_B_URL": night.settings.secret("base_a_url"),
        "SCORE_CACHE_KEY": "outra chave de hash, de outra instalação",
    }
    with worker_of(night.settings, scheduler, "--nthreads", "2", "--memory-limit", "0", **other):
        done = escore(night.settings, *RUN, SCORE_DASK=scheduler.address)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    told = ("the lake is", "the stores' addresses is", "the erased persons is", "--nthreads 1", "--memory-limit")
    for problem in told:
        assert problem in " ".join(done.stderr.split())


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
