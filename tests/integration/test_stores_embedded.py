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
from tempfile import TemporaryDirectory

import psutil
import pytest
import sqlalchemy as sa

from contracts.errors import SettingsError, UsageError
from contracts.settings import Settings, embedded_state_path, load_settings
from stores.connections import mongo_database, redis_client, sql_engine
from stores.embedded import erase_stores, start_stores, stop_stores, stores_status
from stores.embedded.processes import ProcessRecord, wait_for_orphans
from stores.embedded.state import StateBook, read_state
from stores.embedded.valkey import root_url

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
        cache.set("escore:marca", "42")
    with redis_client(root_url(read_state(settings.var).servers["valkey"]), timeout=5) as cache:
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
        cached = int(cache.get("escore:marca") or 0)
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


def test_a_lost_state_file_stops_no_server_and_loses_no_data(var: Path) -> None:
    _start(var)
    before = load_settings({"var": var})
    _write(before)
    pids, state = _pids(var), embedded_state_path(var)
    kept = state.rename(state.with_suffix(".guardado"))
    lock = _postgres_data(pids) / "postmaster.pid"
    with pytest.raises(UsageError, match=r"is lost.*: restore it, or erase the data with `escore down --erase`$"):
        _start(var)
    assert not state.exists()
    assert lock.exists()
    assert {s.name: (s.state, s.pid) for s in stores_status(var) if s.pid} == {n: ("lost", p) for n, p in pids.items()}
    kept.rename(state)
    _start(var)
    assert _pids(var) == pids
    assert _read(load_settings({"var": var})) == [42, 42, 42]


def test_a_server_that_the_state_file_has_forgotten_is_not_started_twice_and_is_stopped(var: Path) -> None:
    _start(var)
    pids, book = _pids(var), StateBook(var)
    for name in STORES:
        book.remember(name, book.servers[name].with_changes(process=None))
    with pytest.raises(UsageError, match=r"does not know of postgresql \(process \d+\), valkey.*`escore down`$"):
        _start(var)
    assert all(psutil.pid_exists(pid or 0) for pid in pids.values())
    lines: list[str] = []
    stop_stores(var, report=lines.append)
    assert sorted(line.split()[0] for line in lines) == sorted(STORES)
    assert not [name for name, pid in pids.items() if _lives(pid)]
    _start(var)


def test_erasing_without_a_state_file_stops_the_servers_first_and_leaves_nothing(tmp_path: Path) -> None:
    var = tmp_path / "var"
    _start(var)
    pids = _pids(var)
    home = _postgres_data(pids).parent
    embedded_state_path(var).unlink()
    erase_stores(var)
    assert not [name for name, pid in pids.items() if _lives(pid)]
    assert not home.exists()
    assert list(var.iterdir()) == []


def test_a_data_folder_in_use_is_never_taken_over(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], cwd=tmp_path) as user, _killing(user):
        assert not wait_for_orphans(tmp_path, seconds=0.2)
    assert wait_for_orphans(tmp_path, seconds=5)


def test_a_private_umask_leaves_postgresql_its_data_and_nobody_else_a_list() -> None:
    with TemporaryDirectory(prefix="escore-umask-") as parent:
        Path(parent).chmod(0o755)
        var = Path(parent) / "var"
        program = f"import os; os.umask(0o077); {START}"
        try:
            subprocess.run([sys.executable, "-c", program, str(var)], check=True, timeout=120)
            settings = load_settings({"var": var})
            _write(settings)
            assert _read(settings) == [42, 42, 42]
            assert _postgres_data(_pids(var)) == var / "embutidos" / "postgresql" / "dados"
            for folder in (var, var / "embutidos"):
                assert folder.stat().st_mode & 0o066 == 0
            for folder in (folder for folder in (var / "embutidos").iterdir() if folder.is_dir()):
                assert folder.stat().st_mode & 0o077 == 0
        finally:
            erase_stores(var)


@pytest.mark.parametrize("folder", ["/dev/null", "/proc/nada"])
def test_a_var_that_takes_no_files_is_one_clear_error(folder: str) -> None:
    with pytest.raises(SettingsError, match=f"^SCORE_VAR: {folder} takes no files"):
        _start(Path(folder))


@pytest.mark.parametrize("content", ["{", "[]", '{"settings": {}}', '{"settings": {}, "servers": {"valkey": {}}}'])
def test_a_damaged_state_file_is_told_before_anything_starts(tmp_path: Path, content: str) -> None:
    embedded_state_path(tmp_path).write_text(content)
    for act in (_start, stop_stores, stores_status):
        with pytest.raises(SettingsError, match="not a state file of the embedded stores: restore it, or delete it"):
            act(tmp_path)


def _postgres_data(pids: dict[str, int | None]) -> Path:
    return Path(psutil.Process(pids["postgresql"]).cwd())


def _lives(pid: int | None) -> bool:
    return psutil.pid_exists(pid or 0) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


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
