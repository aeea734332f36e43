"""A process that has imported everything `escore run` needs, and forks a child for each run: a run costs no imports.

A child is a process of its own, with its own environment, arguments, output and faults; it may be killed, stopped and
waited for. Requests and answers are lines of JSON over standard input and output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.01
HUNG = -1
"""Exit code of a run that had to be killed, for it did not end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code (negative: the signal, or HUNG), what it printed, its CPU seconds."""

    code: int
    output: str
    cpu_seconds: float


class Zygote:
    """The warm process, from the side of the tests."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SCORE_")}
        self._folder = folder
        self._count = 0
        self._log = (folder / "zygote.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.run_faults.zygote"],
            cwd=ROOT,
            env={**kept, **environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._read()["ready"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._log.close()

    def start(
        self, arguments: list[str], *, plan: Mapping[str, Any], environment: Mapping[str, str] | None = None
    ) -> Run:
        """Start ``escore`` with arguments and a plan of faults (`boundaries.install`)."""
        self._count += 1
        log = self._folder / f"run-{self._count:05d}.txt"
        trace = self._folder / f"run-{self._count:05d}.boundaries"
        answer = self._ask(
            {
                "arguments": arguments,
                "environment": dict(environment or {}),
                "plan": {**plan, "trace": str(trace)},
                "log": str(log),
            }
        )
        return Run(self, answer["pid"], log, trace)

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
    """One run under way."""

    zygote: Zygote
    pid: int
    log: Path
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

    def wait(self, *, seconds: float = 300.0) -> Ended:
        """Wait for the end and return how it ended; one that does not end in time is killed."""
        state = self.await_state("Z", seconds=seconds)
        if state != "Z":
            self.signal(9)
        done = self.zygote.reap(self.pid)
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return Ended(done["code"] if state == "Z" else HUNG, text, done["cpu"])

    def boundaries(self) -> list[str]:
        """Return the boundaries that the run has come to, in order."""
        return self.trace.read_text().splitlines() if self.trace.exists() else []


def main() -> None:
    """Serve requests until standard input ends."""
    _warm_up()
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
            _run(request)
        _say(answers, {"pid": pid})


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
    "tests.run_faults.boundaries",
    "tests.run_faults.planted_bugs",
)


def _warm_up() -> None:
    """Import all that a run does; Prefect reads its settings when it is first imported."""
    from contracts.settings import load_settings  # noqa: PLC0415
    from flows.prefect_environment import configure_prefect  # noqa: PLC0415

    configure_prefect(load_settings())
    for name in WARM:
        import_module(name)


def _run(request: Mapping[str, Any]) -> None:
    code = 70
    try:
        os.setsid()
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(request["environment"])
        from tests.run_faults import boundaries, planted_bugs  # noqa: PLC0415

        boundaries.install(request["plan"])
        planted_bugs.plant(request["plan"].get("bug"))
        if not request["plan"].get("pages"):
            _draw_no_pages()
        from flows.cli import main as escore  # noqa: PLC0415

        sys.argv = ["escore", *request["arguments"]]
        try:
            escore()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - a fork must end here, whatever happened
        import traceback  # noqa: PLC0415

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _draw_no_pages() -> None:
    """Leave out the run's report and the gates' pages, half of a small run's CPU; the gates judge all the same."""
    from great_expectations.data_context.data_context.abstract_data_context import (  # noqa: PLC0415
        AbstractDataContext,
    )

    import flows.quality  # noqa: PLC0415
    import flows.score  # noqa: PLC0415

    flows.score.write_run_report = lambda _outcome: None
    flows.quality.make_self_contained = lambda site, _suites: site
    AbstractDataContext.build_data_docs = lambda *_arguments, **_options: {}  # type: ignore[method-assign]


def _say(answers: Any, answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
