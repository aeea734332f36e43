"""The embedded servers' life: they outlive who starts them, come back after a kill with their data, and end wholly."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from contracts.settings import Settings, embedded_state_path, load_settings
from stores.connections import mongo_database, redis_client, sql_engine
from stores.embedded import erase_stores, start_stores, stop_stores, stores_status
from stores.embedded.processes import ProcessRecord
from stores.embedded.state import StateBook, read_state

STORES = ["postgresql", "valkey", "mongodb"]
START = "import sys; from pathlib import Path; from stores.embedded import start_stores; " + (
    "start_stores(Path(sys.argv[1]), with_prefect=False, report=print)"
)


@pytest.fixture(scope="module")
def var(tmp_path_factory):
    var = tmp_path_factory.mktemp("embutidos") / "var"
    subprocess.run([sys.executable, "-c", START, str(var)], check=True, timeout=120)
    yield var
    erase_stores(var)


def _start(var: Path) -> None:
    start_stores(var, with_prefect=False, report=lambda _line: None)


def _pids(var: Path) -> dict[str, int | None]:
    return {status.name: status.pid for status in stores_status(var) if status.state == "running"}


def _write(settings: Settings) -> None:
    engine = sql_engine(settings.secret("base_a_admin_url"), timeout=5)
    with engine.begin() as connection:
        connection.execute(sa.text("create table if not exists marca as select 42 as valor"))
    engine.dispose()
    with redis_client(settings.secret("redis_url"), timeout=5) as cache:
        cache.set("marca", "42")
        cache.waitaof(1, 0, 5_000)
    database = mongo_database(settings.secret("base_c_admin_url"), timeout=5)
    with database.client:
        database["marca"].replace_one({"_id": 1}, {"valor": 42}, upsert=True)


def _read(settings: Settings) -> list[int]:
    engine = sql_engine(settings.secret("base_a_admin_url"), timeout=5)
    with engine.connect() as connection:
        relational = connection.scalar(sa.text("select valor from marca"))
    engine.dispose()
    with redis_client(settings.secret("redis_url"), timeout=5) as cache:
        cached = int(cache.get("marca") or 0)
    database = mongo_database(settings.secret("base_c_url"), timeout=5)
    with database.client:
        document = database["marca"].find_one() or {}
    return [relational, cached, document.get("valor")]


def test_servers_outlive_the_process_that_started_them(var: Path) -> None:
    assert sorted(_pids(var)) == sorted(STORES)
    _write(load_settings({"var": var}))
    assert _read(load_settings({"var": var})) == [42, 42, 42]


def test_a_second_start_leaves_running_servers_alone(var: Path) -> None:
    before = _pids(var)
    _start(var)
    assert _pids(var) == before


def test_secrets_lie_in_a_private_file_and_on_no_command_line(var: Path) -> None:
    state = embedded_state_path(var)
    assert state.stat().st_mode & 0o777 == 0o600
    body = json.loads(state.read_text())
    secrets = [secret for server in body["servers"].values() for secret in server["secrets"].values()]
    assert len(secrets) >= 10
    lines = "".join(" ".join(psutil.Process(pid).cmdline()) for pid in _pids(var).values() if pid)
    assert not [secret for secret in secrets if secret in lines]


def test_killed_servers_start_again_on_their_data_and_addresses(var: Path) -> None:
    before = load_settings({"var": var})
    _write(before)
    for pid in _pids(var).values():
        os.kill(int(pid or 0), signal.SIGKILL)
    assert {s.state for s in stores_status(var) if s.name in STORES} <= {"dead", "running"}
    _start(var)
    after = load_settings({"var": var})
    assert after == before
    assert _read(after) == [42, 42, 42]


def test_a_stranger_that_got_a_recorded_id_is_left_alone(var: Path) -> None:
    stop_stores(var)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger, _killing(stranger):
        book = StateBook(var)
        for name in STORES:
            record = read_state(var).servers[name]
            book.remember(name, record.with_changes(process=ProcessRecord(stranger.pid, started=1.0, mark="python")))
        assert {s.state for s in stores_status(var) if s.name in STORES} == {"dead"}
        _start(var)
        assert _read(load_settings({"var": var})) == [42, 42, 42]
        assert stranger.poll() is None


def test_stopping_leaves_no_process_no_listener_and_no_settings(var: Path) -> None:
    addresses = [status.address for status in stores_status(var) if status.address]
    family = [child for pid in _pids(var).values() for child in psutil.Process(pid).children(recursive=True)]
    family += [psutil.Process(pid) for pid in _pids(var).values()]
    stop_stores(var)
    assert not [p.pid for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    for address in addresses:
        host, port = address.split(":")
        with socket.socket() as probe:
            assert probe.connect_ex((host, int(port))) != 0
    assert load_settings({"var": var}).base_a_url is None
    assert {status.state for status in stores_status(var)} == {"stopped"}


@contextmanager
def _killing(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
