"""A process that has imported what the command line imports, and forks a child for each command: it costs no imports.

A child is a process of its own, with its own environment, arguments, output and faults; it may be killed, stopped and
waited for. Requests and answers are lines of JSON over standard input and output.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from contracts.settings import PREFIX

ROOT = Path(__file__).resolve().parents[1]
POLL_SECONDS = 0.01
HUNG = -1
"""Exit code of a command that had to be killed, for it did not end."""
BROKEN = 70
"""Exit code of a command that ended with an exception."""

WARM = (
    "fastapi",
    "great_expectations.render.renderer.site_builder",
    "matplotlib.backends.backend_svg",
    "prefect.engine",
    "prefect.flow_engine",
    "prefect.task_engine",
    "psycopg2.extras",
    "pymongo.synchronous.auth",
    "flows.cli",
    "flows.quality",
    "flows.report",
    "flows.score",
)
"""What a run imports; some of it only when it comes to it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code (negative: the signal, or HUNG), what it printed, its CPU seconds."""

    code: int
    output: str
    errors: str
    cpu_seconds: float

    @property
    def told(self) -> str:
        """Return what was printed on either stream."""
        return self.output + self.errors


class Zygote:
    """The warm process, from the side of the tests.

    ``prepare`` names a function, ``module:name``, that a child calls with its plan before the command; such a child
    ends at once, any other after what was to be done at its exit. Neither takes its modules apart, which costs 2 s.
    """

    def __init__(
        self, environment: Mapping[str, str], folder: Path, *, warm: Iterable[str] = (), prepare: str = ""
    ) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._environment = {**kept, **environment, "PYTHONPATH": str(ROOT)}
        self._folder = folder
        self._count = 0
        self._log = (folder / "zygote.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote", prepare, *WARM, *warm],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._read()["ready"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the warm process; what it started goes on."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._log.close()

    def start(
        self,
        arguments: Iterable[str],
        *,
        plan: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Run:
        """Start ``escore`` with arguments, more in its environment, and a plan for its preparation.

        The plan is given a ``trace``: a file of the command's own, for whatever its preparation notes.
        """
        self._count += 1
        out, errors, trace = (self._folder / f"{self._count:05d}.{name}" for name in ("out", "err", "trace"))
        answer = self._ask(
            {
                "arguments": list(arguments),
                "environment": {**self._environment, **(environment or {})},
                "plan": {**(plan or {}), "trace": str(trace)},
                "streams": [str(out), str(errors)],
            }
        )
        return Run(self, answer["pid"], out, errors, trace)

    def reap(self, pid: int) -> dict[str, Any]:
        """Wait for a child that has ended, or will."""
        return self._ask({"wait": pid})

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the zygote has died: see {self._folder}"
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True, slots=True)
class Run:
    """One command under way."""

    zygote: Zygote
    pid: int
    out: Path
    errors: Path
    trace: Path

    @property
    def state(self) -> str:
        """Return the kernel's letter: R, S, D running; T stopped; Z ended."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return "Z"

    def await_state(self, states: str, *, seconds: float) -> str:
        """Wait until the process is in one of the states; return it, or the last seen when the time is over."""
        deadline = time.monotonic() + seconds
        while (state := self.state) not in states and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return state

    def signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def noted(self) -> list[str]:
        """Return what the command's preparation noted in its trace, line by line."""
        return self.trace.read_text().splitlines() if self.trace.exists() else []

    def wait(self, *, seconds: float = 300.0) -> Ended:
        """Wait for the end and return how it ended; one that does not end in time is killed."""
        state = self.await_state("Z", seconds=seconds)
        if state != "Z":
            self.signal(9)
        done = self.zygote.reap(self.pid)
        out, errors = (path.read_text(errors="replace") if path.exists() else "" for path in (self.out, self.errors))
        return Ended(done["code"] if state == "Z" else HUNG, out, errors, done["cpu"])


def main(prepare: str, *warm: str) -> None:
    """Serve requests until standard input ends."""
    _warm_up(warm)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "r")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    _say(answers, {"ready": True})
    for line in requests:
        request = json.loads(line)
        if "wait" in request:
            _pid, status, usage = os.wait4(request["wait"], 0)
            code = os.waitstatus_to_exitcode(status)
            _say(answers, {"code": code, "cpu": usage.ru_utime + usage.ru_stime})
            continue
        pid = os.fork()
        if pid == 0:
            code = _run(request, prepare)
            if not prepare:
                threading._shutdown()
                atexit._run_exitfuncs()
            os._exit(code)
        _say(answers, {"pid": pid})


def _warm_up(warm: Iterable[str]) -> None:
    """Import all that a command does; Prefect reads its settings when it is first imported."""
    from contracts.settings import load_settings  # noqa: PLC0415
    from flows.prefect_environment import configure_prefect  # noqa: PLC0415

    configure_prefect(load_settings())
    for name in warm:
        import_module(name)
    gc.freeze()  # or a child's collector would write to every page that it shares with this process


def _run(request: Mapping[str, Any], prepare: str) -> int:
    """Run a command in this process, a child's; return its exit code."""
    os.setsid()
    for number, path in enumerate(request["streams"], 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    sys.argv = ["escore", *request["arguments"]]
    try:
        if prepare:
            module, _, name = prepare.partition(":")
            getattr(import_module(module), name)(request["plan"])
        import_module("flows.cli").main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - a fork must end here, whatever happened
        traceback.print_exc()
        return BROKEN
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _say(answers: Any, answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
