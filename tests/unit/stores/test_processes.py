"""Server processes: the recorded one is found and stopped, a stranger with its id never."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil

from contracts.errors import StoreUnavailableError
from stores.embedded.processes import ProcessRecord, free_port, is_running, start_detached, stop_process

SIGNALS = ((signal.SIGTERM, 5.0),)
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def _start(folder: Path, program: str, mark: str = "time.sleep") -> ProcessRecord:
    return start_detached([sys.executable, "-c", program], log=folder / "log", mark=mark)


def test_a_detached_process_is_no_child_of_ours_and_stops(tmp_path: Path) -> None:
    record = _start(tmp_path, "import time; time.sleep(600)")
    assert is_running(record)
    assert psutil.Process(record.pid).ppid() != os.getpid()
    stop_process(record, signals=SIGNALS)
    assert not is_running(record)


def test_a_process_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    record = _start(tmp_path, STUBBORN)
    while "up" not in (tmp_path / "log").read_text():
        assert is_running(record)
    stop_process(record, signals=((signal.SIGTERM, 0.2),))
    assert not is_running(record)


def test_a_stranger_with_the_recorded_id_is_neither_trusted_nor_stopped(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger, _killing(stranger):
        started = psutil.Process(stranger.pid).create_time() - psutil.boot_time()
        same = ProcessRecord(stranger.pid, started, "time.sleep")
        assert is_running(same)
        for record in (replace(same, started=started - 60), replace(same, mark="outro")):
            assert not is_running(record)
            stop_process(record, signals=SIGNALS)
        assert stranger.poll() is None


def test_a_program_that_is_not_there_is_an_error_or_ends(tmp_path: Path) -> None:
    try:
        record = start_detached([str(tmp_path / "nada")], log=tmp_path / "log", mark="nada")
    except StoreUnavailableError:
        return
    stop_process(record, signals=SIGNALS)
    assert not is_running(record)


def test_a_port_in_use_is_not_offered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        assert free_port(taken) != taken


@contextmanager
def _killing(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
