"""A server as a process of its own: started, waited for, its CPU time read, stopped; and the machine it runs on."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import psutil

HOST = "127.0.0.1"
START_SECONDS = 60.0
SETTLE_SECONDS = 0.5
STOP_SECONDS = 20.0
IDLE_WINDOW = 0.25
IDLE_SHARE = 0.08
"""Share of one core below which servers count as idle: what gunicorn's and the pools' own clocks use is less."""
IDLE_PATIENCE = 120.0


class ServerProcess:
    """A server's process and those it starts; ``{port}`` in the command is the port it gets."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], *, log: Path) -> None:
        self.name = name
        self.port = 0
        self._command = command
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.port = free_port()
        command = [part.format(port=self.port) for part in self._command]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is None:
            return
        family = self._family()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process and its children have used."""
        return cpu_seconds(self._family())

    def _family(self) -> list[psutil.Process]:
        assert self._process is not None
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._process.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def _wait_until_it_listens(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
                time.sleep(SETTLE_SECONDS)  # somebody else's, if ours ends at once for want of the port
                if self._process.poll() is None:
                    return
            time.sleep(0.05)
        raise SystemExit(f"{self.name} did not start:\n{self._log.read_text(errors='replace')[-3000:]}")


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """Return the CPU time that processes have used."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def below(folder: Path) -> list[psutil.Process]:
    """Return the processes whose command line names a folder: the embedded stores of an installation there."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if any(str(folder) in part for part in process.cmdline()):
                found += [process, *process.children(recursive=True)]
    return found


def wait_until_idle(servers: Sequence[ServerProcess], stores: Sequence[psutil.Process]) -> None:
    """Return when what one load left to do (audit rows on their way, checkpoints) no longer weighs on the next."""
    deadline = time.monotonic() + IDLE_PATIENCE
    while time.monotonic() < deadline:
        before = sum(server.cpu_seconds() for server in servers) + cpu_seconds(stores)
        time.sleep(IDLE_WINDOW)
        after = sum(server.cpu_seconds() for server in servers) + cpu_seconds(stores)
        if (after - before) / IDLE_WINDOW < IDLE_SHARE:
            return
    print(f"(not idle after {IDLE_PATIENCE:.0f} s)", flush=True)


def machine_line() -> str:
    """Return where and when the figures were measured, and how busy the machine is with other things."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    parts = [
        f"{os.cpu_count()} cores ({names[0] if names else platform.machine()})",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("uvicorn", "uvloop", "starlette", "fastapi", "redis", "hiredis")),
        datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        f"load average before {os.getloadavg()[0]:.1f}",
    ]
    return ", ".join(parts)


def python_module(*arguments: str) -> list[str]:
    """Return the command that runs a module with this interpreter."""
    return [sys.executable, "-m", *arguments]
