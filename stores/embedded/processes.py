"""Server processes: started detached, recognised beyond doubt, stopped and waited for.

A process is known by its id, the moment it started and a mark on its command line, so that a stale record
never makes us trust or kill a stranger that got the same id.
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from contracts.errors import StoreUnavailableError

PORT_RANGE = (15_000, 30_000)
"""Below Linux's range for outgoing connections (32768-60999) and beyond Prefect's random 8000-8999."""

START_TOLERANCE_SECONDS = 2.0
POLL_SECONDS = 0.02
PORT_SECONDS = 2.0
EXEC_SECONDS = 1.0

_DETACH = 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!'


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A server process: id, seconds between the machine's and its own start, and a mark of its command line."""

    pid: int
    started: float
    mark: str


@dataclass(frozen=True, slots=True)
class Account:
    """A system account to run a server as."""

    uid: int
    gid: int


def start_detached(
    command: Sequence[str],
    *,
    log: Path,
    mark: str,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
) -> ProcessRecord:
    """Start a server in a session of its own, so that it survives us and is no child of ours.

    A shell starts it in the background and ends at once: the server then belongs to the system's first process.
    """
    result = subprocess.run(  # noqa: S603 - our own servers' command lines
        ["/bin/sh", "-c", _DETACH, "escore", str(log), *command],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=log.parent,
        env=dict(environment) if environment is not None else None,
        start_new_session=True,
        timeout=30,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    pid = int(result.stdout)
    try:
        return ProcessRecord(pid, _started(psutil.Process(pid)), mark)
    except psutil.NoSuchProcess:
        raise StoreUnavailableError(f"{Path(command[0]).name} ended at once: see {log}") from None


def is_running(record: ProcessRecord | None) -> bool:
    """Return whether that very process is alive."""
    return record is not None and _find(record) is not None


def stop_process(record: ProcessRecord, *, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn until the process and its descendants are gone, waiting the given seconds after each.

    StoreUnavailableError if it outlives them all.
    """
    process = _find(record)
    if process is not None:
        stop_family(process, signals=signals)


def stop_family(process: psutil.Process, *, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Stop a process and its descendants in the same way; one that is gone already is no error."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for number, seconds in signals:
        _signal(process, number)
        if wait_until(lambda: not any(_is_alive(member) for member in family), seconds=seconds):
            return
    for member in family:
        _signal(member, signal.SIGKILL)
    if not wait_until(lambda: not any(_is_alive(member) for member in family), seconds=10):
        raise StoreUnavailableError(f"process {process.pid} does not end")


def find_processes(program: str, mark: str, *, folder: Path | None = None) -> list[psutil.Process]:
    """Return the live processes of a program with that mark, which work in ``folder`` if it is given.

    The mark is one or more whole arguments, joined by blanks: ``-D /data``.
    """
    return [
        process
        for process in psutil.process_iter()
        if _has_mark(process, program, mark) and (folder is None or _works_in(process, str(folder)))
    ]


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Return True as soon as the condition holds, False after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def wait_for_orphans(folder: Path, *, seconds: float) -> bool:
    """Return whether no process works in a folder any more: a killed server's children end a moment after it."""
    return wait_until(
        lambda: not any(_works_in(process, str(folder)) for process in psutil.process_iter()), seconds=seconds
    )


def free_port(preferred: int | None = None) -> int:
    """Return a loopback port on which nothing listens: the preferred one if it is free, or soon gets free."""
    if preferred is not None and wait_until(lambda: _is_free(preferred), seconds=PORT_SECONDS):
        return preferred
    for port in random.sample(range(*PORT_RANGE), 50):
        if _is_free(port):
            return port
    raise StoreUnavailableError("no free port on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _works_in(process: psutil.Process, folder: str) -> bool:
    try:
        return bool(process.cwd() == folder)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _has_mark(process: psutil.Process, program: str, mark: str) -> bool:
    try:
        command = process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return bool(command) and program in command[0] and f" {mark} " in f" {' '.join(command)} "


def _find(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        is_same = (
            abs(_started(process) - record.started) < START_TOLERANCE_SECONDS
            and process.status() != psutil.STATUS_ZOMBIE
            and record.mark in _command_line(process)
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return process if is_same else None


def _command_line(process: psutil.Process) -> str:
    """Return the command line, which is empty for a moment while a program takes the shell's place."""
    wait_until(lambda: bool(process.cmdline()) or not _is_alive(process), seconds=EXEC_SECONDS)
    return " ".join(process.cmdline())


def _started(process: psutil.Process) -> float:
    return float(process.create_time() - psutil.boot_time())


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied:
        raise StoreUnavailableError(f"process {process.pid} belongs to somebody else and cannot be stopped") from None
