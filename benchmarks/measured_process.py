"""A contender's work in a process of its own: its clock, its CPU and the memory of all its processes together.

The process loads what it needs, does the work between two looks at its clocks (``timed``) and says what it took as one
line of JSON, the last of its output. Who started it watches its memory meanwhile.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

SAMPLING_SECONDS = 0.05
LOOKS_A_FAMILY = 10
"""Looks at memory for one at which processes there are: that takes 3 ms of CPU, and the measured need the cores."""

LIMIT_SECONDS = 3600.0
TAIL_CHARACTERS = 3000


class ContenderError(Exception):
    """A contender failed or took too long; ``details`` is the end of what it said."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Do the work in this process and return the seconds of wall and CPU that it took, children's CPU included."""
    process = psutil.Process()
    before, started = cpu_seconds(process), time.perf_counter()
    work()
    return {"wall": time.perf_counter() - started, "cpu": cpu_seconds(process) - before}


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU that a process and its children took so far, ended children included."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def tell(found: dict[str, Any]) -> None:
    """Say what the work took, for ``run_measured`` to read."""
    print(json.dumps(found), flush=True)


def run_module(module: str, arguments: Sequence[object], *, log: Path) -> dict[str, Any]:
    """Return what a module says when run by this interpreter, and ``peak_mib``."""
    return run_measured([sys.executable, "-m", module, *map(str, arguments)], log=log)


def run_measured(command: Sequence[str], *, log: Path, limit: float = LIMIT_SECONDS) -> dict[str, Any]:
    """Return what a command says in its last line of JSON, and ``peak_mib`` of all its processes together.

    ContenderError if it fails, says nothing or takes more than ``limit`` seconds; it is killed then, with its children.
    """
    with log.open("wb") as errors, log.with_suffix(".out").open("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=errors, start_new_session=True)
        try:
            peak = _peak_until_end(process, time.monotonic() + limit)
        finally:
            _end(process)
        output.seek(0)
        said = output.read().splitlines()
    tail = log.read_text(errors="replace")[-TAIL_CHARACTERS:]
    if process.returncode:
        raise ContenderError(_last_line(tail) or f"exit status {process.returncode}", tail)
    try:
        found: dict[str, Any] = json.loads(said[-1])
    except (IndexError, ValueError) as error:
        raise ContenderError("it said nothing that can be read", tail) from error
    return {**found, "peak_mib": peak / 2**20}


def _peak_until_end(process: subprocess.Popen[bytes], deadline: float) -> int:
    family, peak, looks = [psutil.Process(process.pid)], 0, 0
    while process.poll() is None:
        if looks % LOOKS_A_FAMILY == 0:
            family = _family(family[0])
        peak, looks = max(peak, sum(map(_resident_bytes, family))), looks + 1
        if time.monotonic() > deadline:
            raise ContenderError("it took too long and was ended")
        time.sleep(SAMPLING_SECONDS)
    return peak


def _family(first: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [first, *first.children(recursive=True)]
    return [first]


def _resident_bytes(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the session that the process leads, if it is still there."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
