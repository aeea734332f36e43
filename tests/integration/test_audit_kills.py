"""Zero loss: processes that answer are killed with SIGKILL at any moment; each answered read is in the audit, once."""

from __future__ import annotations

import itertools
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from contracts.settings import Settings
from serve.auditing.segment import segment_paths
from serve.auditing.sidecar import ship_folder
from stores.connections import sql_engine
from tests.api_server import caller
from tests.audit_samples import entry
from tests.audit_worker import subjects_of
from tests.faults.api_process import ApiProcess
from tests.flows.conftest import environment_of

ROOT = Path(__file__).parents[2]
CLIENTS = 4
PAUSE_SECONDS = 0.0005
"""Between two requests of a client: leaves the processors some time to start the next process."""

KINDS = ((), ("--fsync",), (), ("--ship",))


@pytest.fixture(scope="module")
def settings(make_installation) -> Settings:
    return make_installation("mortes")


class Worker:
    """One answering process and its clients, who note what was acknowledged to them."""

    def __init__(self, settings: Settings, folder: Path, numbers: Iterator[int], options: tuple[str, ...]) -> None:
        self.acknowledged: list[int] = []
        self._numbers = numbers
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.audit_worker", str(folder), *options],
            env=environment_of(settings),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._clients: list[threading.Thread] = []

    def load(self) -> None:
        """Let the clients ask, as fast as they are answered, until the process is gone."""
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self._clients = [threading.Thread(target=self._ask, args=(port,)) for _ in range(CLIENTS)]
        for client in self._clients:
            client.start()

    def kill(self) -> None:
        """End the process at once; what was answered until then stays noted."""
        self._process.kill()
        self._process.wait()
        for client in self._clients:
            client.join(10)
            assert not client.is_alive()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _ask(self, port: int) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
            answers = connection.makefile("r")
            for number in self._numbers:
                connection.sendall(f"{number}\n".encode())
                if answers.readline() != f"{number}\n":
                    return
                self.acknowledged.append(number)
                time.sleep(PAUSE_SECONDS)


class Numbers:
    """Hands out each number once, to any thread."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._count)


def rows_by_request(settings: Settings) -> dict[str, tuple[int, int]]:
    """Return each request's rows in the audit, and how many persons they name."""
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    query = sa.text("SELECT requisicao_id, count(*), count(DISTINCT sujeito) FROM auditoria GROUP BY requisicao_id")
    with engine.connect() as connection:
        found = {row[0]: (row[1], row[2]) for row in connection.execute(query)}
    engine.dispose()
    return found


def kill_again_and_again(settings: Settings, folder: Path, *, kills: int, seed: int) -> int:
    """Keep two processes answering, kill one after the other, and return how many reads were acknowledged."""
    chance, numbers = random.Random(seed), Numbers()
    kinds = itertools.cycle(KINDS)
    workers = [Worker(settings, folder, numbers, next(kinds)) for _ in range(2)]
    acknowledged: list[int] = []
    for worker in workers:
        worker.load()
    for _ in range(kills):
        time.sleep(chance.uniform(0, 0.15))
        killed = workers.pop(chance.randrange(2))
        killed.kill()
        acknowledged += killed.acknowledged
        workers.append(Worker(settings, folder, numbers, next(kinds)))
        workers[-1].load()
    for worker in workers:
        worker.kill()
        acknowledged += worker.acknowledged
    ship_folder(settings.model_copy(update={"audit_dir": folder}))
    found = rows_by_request(settings)
    expected = {entry(number).requisicao_id: (subjects_of(number),) * 2 for number in acknowledged}
    wrong = {name: (found.get(name), rows) for name, rows in expected.items() if found.get(name) != rows}
    assert not wrong
    twice = {name: rows for name, rows in found.items() if rows[0] != rows[1]}
    assert not twice
    assert segment_paths(folder) == []
    return len(acknowledged)


def kill_the_api(settings: Settings, folder: Path, *, kills: int) -> int:
    """Read events through the API itself and kill it, again and again; return how many reads were answered."""
    settings = settings.model_copy(update={"audit_dir": folder / "auditoria", "rate_limit_per_second": 1e6})
    environment = environment_of(settings, SCORE_RATE_LIMIT_BURST="1000000")
    chance, answered = random.Random(os.getpid()), list[str]()
    for _ in range(kills):
        api = ApiProcess(folder / "api", environment)
        api.start()
        clients = [threading.Thread(target=_read_events, args=(api.url, settings, answered)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(chance.uniform(0.5, 1.0))
        api.kill()
        for client in clients:
            client.join(10)
    ship_folder(settings)
    found = rows_by_request(settings)
    assert {name: found.get(name) for name in answered} == dict.fromkeys(answered, (1, 1))
    assert set(found.values()) == {(1, 1)}
    return len(answered)


def _read_events(url: str, settings: Settings, answered: list[str]) -> None:
    with suppress(httpx.TransportError), caller(url, settings) as client:
        while True:
            answer = client.get("/clientes/52998224725/consultar")
            assert answer.status_code == 200
            answered.append(answer.headers["x-request-id"])


def test_what_was_answered_before_a_kill_is_in_the_audit_exactly_once(settings, tmp_path):
    """With and without fsync, shipping or not: the next process, and a command, ship what the dead ones left."""
    assert kill_again_and_again(settings, tmp_path, kills=20, seed=os.getpid()) > 1000


def test_what_the_api_answered_before_a_kill_is_in_the_audit_exactly_once(installation, tmp_path):
    assert kill_the_api(installation, tmp_path, kills=2) > 50


@pytest.mark.long
def test_hundreds_of_kills_lose_nothing(installation, tmp_path):
    assert kill_again_and_again(installation, tmp_path, kills=400, seed=os.getpid()) > 20_000


@pytest.mark.long
def test_twenty_kills_of_the_api_lose_nothing(installation, tmp_path):
    assert kill_the_api(installation, tmp_path, kills=20) > 1000
