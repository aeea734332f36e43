"""The long form: ``python -m tests.fuzz --cases 100000``, every target by both engines, each in a process of its own.

A target that is not passed ends with the seed, the case and the command that repeats it; the others go on.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzz.drawn import read_note
from tests.fuzz.inventory import all_targets, find_target
from tests.fuzz.target import run_case, within

DRAWN_SHARE = 0.05
"""Share of the cases that Hypothesis draws, which takes ten times as long for one as Atheris does."""

_MEMORY = Path("/dev/shm")
"""Where the system keeps files in memory, if it does: parsers of files read hundreds a second."""

_DONE = re.compile(r"Done (\d+) runs")
_SLOWNESS = 15
"""Wall seconds that libFuzzer allows a case for each second of the target's: the machine may be busy."""


@dataclass(frozen=True)
class Outcome:
    """What one engine did with one target; ``case`` is the one that was not passed, in base64."""

    target: str
    engine: str
    cases: int
    seconds: float
    cpu_seconds: float
    problem: str = ""
    case: str = ""


def main() -> int:
    """Run the targets that are asked for; 1 if one of them was not passed."""
    parser = _parser()
    options = parser.parse_args()
    if options.list:
        for target in all_targets():
            sys.stdout.write(f"{target.name:24} {target.what}\n")
        return 0
    unknown = set(options.target or ()) - {target.name for target in all_targets()}
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; --list names them")
    if options.case is not None:
        if not options.target:
            parser.error("--case needs the --target that it is of")
        return _repeat(options.target[0], options.case)
    engines = ["hypothesis", "atheris"] if options.engine == "both" else [options.engine]
    if "atheris" in engines and importlib.util.find_spec("atheris") is None:
        sys.stderr.write("Atheris is not installed (pip install '.[fuzz]'): Hypothesis alone draws all cases\n")
        engines = ["hypothesis"]
    names = options.target or [target.name for target in all_targets()]
    found = []
    for place, name in enumerate(names, start=1):
        for engine in engines:
            share = 1.0 if len(engines) == 1 else DRAWN_SHARE if engine == "hypothesis" else 1 - DRAWN_SHARE
            outcome = run_engine(engine, name, round(options.cases * share), options.seed)
            found.append(outcome)
            _tell(outcome, f"{place}/{len(names)}", options.seed)
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(outcome) for outcome in found], indent=1) + "\n")
    failed = [outcome for outcome in found if outcome.problem]
    sys.stdout.write(
        f"{len(names)} targets, {sum(o.cases for o in found):,} cases, {len(failed)} not passed,"
        f" {sum(o.seconds for o in found):.0f} s, {sum(o.cpu_seconds for o in found):.0f} s of CPU\n"
    )
    return 1 if failed else 0


def run_engine(engine: str, name: str, cases: int, seed: int) -> Outcome:
    """Run one engine on one target in a process of its own."""
    started, before = time.monotonic(), _cpu_of_children()
    with tempfile.TemporaryDirectory(prefix="escore-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        run = _run_drawn if engine == "hypothesis" else _run_guided
        tried, problem, case = run(name, cases, seed, Path(folder))
    spent = time.monotonic() - started, _cpu_of_children() - before
    return Outcome(name, engine, tried, *spent, problem, base64.b64encode(case).decode())


def _run_drawn(name: str, cases: int, seed: int, folder: Path) -> tuple[int, str, bytes]:
    note = folder / "caso"
    command = [sys.executable, "-m", "tests.fuzz.drawn", name, str(cases), str(seed), str(note)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment(folder))
    if done.returncode == 0:
        return int(done.stdout.split()[-1]), "", b""
    return 0, _problem(done), read_note(note) if note.exists() else b""


def _run_guided(name: str, cases: int, seed: int, folder: Path) -> tuple[int, str, bytes]:
    corpus, finds = folder / "corpo", folder / "achados"
    corpus.mkdir()
    finds.mkdir()
    patience = round(find_target(name).seconds * _SLOWNESS)
    options = [
        f"-runs={cases}",
        f"-seed={seed or 1}",
        f"-timeout={patience}",
        f"-artifact_prefix={finds}/",
        "-rss_limit_mb=3000",
    ]
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(corpus), *options, "-print_final_stats=0"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=_environment(folder), errors="replace"
    )
    counted = _DONE.search(done.stderr)
    left = sorted(finds.iterdir())
    if done.returncode == 0 and counted and not left:
        return int(counted[1]), "", b""
    return 0, _problem(done), left[0].read_bytes() if left else b""


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment without settings, whose temporary files go with the process's folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SCORE_", "PREFECT_"))}
    return kept | {
        "TMPDIR": str(folder),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), kept.get("PYTHONPATH")])),
    }


def _problem(done: subprocess.CompletedProcess[str]) -> str:
    """Return the lines that tell why a process ended as it did."""
    told = [line for line in done.stderr.splitlines() if "Error" in line or "ALARM" in line or "ERROR" in line]
    return f"exit {done.returncode}: " + " | ".join(told[-4:] or done.stderr.splitlines()[-3:])[:1000]


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tell(outcome: Outcome, place: str, seed: int) -> None:
    line = f"{place:>6} {outcome.target:24} {outcome.engine:10} {outcome.cases:>9,} cases {outcome.seconds:7.1f} s"
    sys.stdout.write(f"{line} {outcome.cpu_seconds:7.1f} s CPU{'  NOT PASSED' if outcome.problem else ''}\n")
    if outcome.problem:
        data = base64.b64decode(outcome.case)
        sys.stdout.write(f"       seed {seed}: {outcome.problem}\n       {data[:300]!r}\n")
        sys.stdout.write(f"       python -m tests.fuzz --target {outcome.target} --case {outcome.case or '(none)'}\n")
    sys.stdout.flush()


def _repeat(name: str, case: str) -> int:
    """Try one case in this process; its traceback tells the rest."""
    target = find_target(name)
    with within(target.seconds):
        run_case(target, base64.b64decode(case))
    sys.stdout.write("passed\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="cases a target, by both engines together")
    parser.add_argument("--target", action="append", help="one target; repeat for more. Default: all")
    parser.add_argument("--seed", type=int, default=1, help="of both engines")
    parser.add_argument("--engine", choices=("both", "hypothesis", "atheris"), default="both")
    parser.add_argument("--case", metavar="BASE64", help="try this one case of the target")
    parser.add_argument("--json", help="write the outcomes to this file")
    parser.add_argument("--list", action="store_true", help="name the targets")
    return parser


if __name__ == "__main__":
    sys.exit(main())
