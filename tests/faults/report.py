"""Runs the whole matrix of faults and writes what came of it as a page of the documentation.

`python -m tests.faults.report docs/reference/api-under-faults.md`; some 25 minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.faults.house import DEFAULT_TIMEOUTS, SHORT_TIMEOUTS, Timeouts, open_house
from tests.faults.load import PERSONAL, RATES, make_load
from tests.faults.matrix import PAIRS, SINGLES, try_calmly
from tests.faults.trial import CALM_SECONDS, NOTICE_SECONDS, RECOVERY_SECONDS, SLACK_SECONDS, Fault, Trial

SINGLE_SECONDS = 5.0
PAIR_SECONDS = 3.0
COLUMNS = [kind for kind in RATES if kind in PERSONAL]
NAMES = {
    "score": "`GET …/score`",
    "scores": "`POST /scores/consultar`",
    "cliente": "`GET /clientes/{id}`",
    "score-data": "`GET …/score-data`",
    "eventos": "`GET …/consultar`",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, help="the page to write")
    parser.add_argument("--pairs", type=int, default=None, help="only the first so many pairs of faults of two stores")
    choices = parser.parse_args()
    began = time.monotonic()
    singles = run_all(SINGLES, DEFAULT_TIMEOUTS, seconds=SINGLE_SECONDS)
    chosen = {stores: faults[: choices.pairs] for stores, faults in PAIRS.items()}
    pairs = run_all((faults for some in chosen.values() for faults in some), SHORT_TIMEOUTS, seconds=PAIR_SECONDS)
    choices.page.write_text(render(singles, pairs, minutes=(time.monotonic() - began) / 60))
    sys.exit(any(trial.found for trial in [*singles, *pairs]))


class Judged:
    """A trial's figures, kept without its answers."""

    def __init__(self, trial: Trial) -> None:
        self.faults = trial.faults
        self.found = trial.problems()
        self.recovery = trial.recovery
        self.answers = len(trial.outcomes)
        self.refused = sum(item.status == 503 for item in trial.outcomes if item.kind in PERSONAL)
        self.slowest = max(item.seconds for item in trial.outcomes)
        self.cells = {kind: _cell(trial, kind) for kind in COLUMNS}

    @property
    def name(self) -> str:
        return " + ".join(map(str, self.faults))


def run_all(trials: Iterable[Sequence[Fault]], timeouts: Timeouts, *, seconds: float) -> list[Judged]:
    judged = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        with open_house(Path(folder), timeouts) as house:
            for faults in trials:
                with make_load(house) as load:
                    judged.append(Judged(try_calmly(house, load, *faults, seconds=seconds)))
                for problem in judged[-1].found:
                    sys.stderr.write(f"{judged[-1].name}: {problem}\n")
    return judged


def render(singles: list[Judged], pairs: list[Judged], *, minutes: float) -> str:
    everything = [*singles, *pairs]
    answers = sum(item.answers for item in everything)
    found = [f"- {item.name}: {problem}" for item in everything for problem in item.found]
    verdict = "\n".join(found) if found else "Nothing was found that must not be."
    return "\n".join(
        [
            *HEAD.format(
                bound=f"{DEFAULT_TIMEOUTS.bound:g}",
                notice=f"{NOTICE_SECONDS:g}",
                slack=f"{SLACK_SECONDS:g}",
                recovery=f"{RECOVERY_SECONDS:g}",
                calm=f"{CALM_SECONDS:g}",
                rate=f"{sum(RATES.values()):g}",
            ).splitlines(),
            "",
            f"Run on {datetime.now(UTC):%Y-%m-%d}, {_machine()}; {minutes:.0f} minutes, {answers:,} requests, "
            f"{len(singles)} single faults and {len(pairs)} pairs. {verdict}",
            "",
            "## One store",
            "",
            f"Limits as they come: {DEFAULT_TIMEOUTS.api:g} s for a store, {DEFAULT_TIMEOUTS.cache:g} s for Redis; "
            f"each fault lasts {SINGLE_SECONDS:g} s. A cell: answers served / answered 503, slowest. Recovery: from "
            "the fault's end to the end of the last trouble.",
            "",
            f"| fault | {' | '.join(NAMES[kind] for kind in COLUMNS)} | recovery |",
            f"|---|{'---|' * len(COLUMNS)}---:|",
            *(
                f"| {item.name} | {' | '.join(item.cells[kind] for kind in COLUMNS)} | {item.recovery:.1f} s |"
                for item in singles
            ),
            "",
            "## Two stores at once",
            "",
            f"Every kind of fault of one with every kind of the other; limits of {SHORT_TIMEOUTS.api:g} s and "
            f"{SHORT_TIMEOUTS.cache:g} s, hence a bound of {SHORT_TIMEOUTS.bound:g} s; each pair lasts "
            f"{PAIR_SECONDS:g} s.",
            "",
            "| stores | pairs of faults | requests | answered 503 | slowest answer | slowest recovery |",
            "|---|---:|---:|---:|---:|---:|",
            *_pair_lines(pairs),
            "",
        ]
    )


HEAD = """\
# The API under faults

*For operators and auditors.* What the API answers while its stores fail, as `python -m tests.faults.report
docs/reference/api-under-faults.md` found and wrote it. The application runs as a process of its own, each store as
another behind a proxy; {rate} requests a second of known answers arrive at a constant rate, whatever becomes of the
earlier ones. Of each answer is checked:

- a 200 equals the truth, and the scores of one answer are of one run;
- all else is a 503 Problem with `Retry-After`; no other error, no connection that ends without an answer;
- it came within the API's time limit for a store, plus the one for Redis, plus 0.75 s: {bound} s with the settings as
  they come; {slack} s more are allowed here for two busy cores;
- requests whose own stores are there are never refused: without Redis, scores come from PostgreSQL; without the
  results' PostgreSQL, from Redis, and the audit waits on the API's disk; Base C's failure is Base C's alone;
- `/saude/pronto` names the stores that are out, and no other, {notice} s after the fault's beginning;
- all is served again within {recovery} s of the fault's end, without a restart ({calm} s without trouble count);
- each 200 with a person's data has one record in PostgreSQL's audit in the end.

| fault | what it is |
|---|---|
| killed | SIGKILL to the server and its children; nothing listens until it is started again on its data |
| frozen | SIGSTOP to them, then SIGCONT: connections are accepted and nothing is said |
| slowed | every part of a reply comes 2 s later |
| resetting | open connections are reset, and new ones as soon as they are accepted |
| cut | of each part of a reply the first half comes, then the end of the connection |
| flushed | `FLUSHALL` in Redis; ended by `Publisher.reconcile()` |"""


def _pair_lines(pairs: list[Judged]) -> list[str]:
    lines = []
    for stores in dict.fromkeys(tuple(fault.store for fault in item.faults) for item in pairs):
        those = [item for item in pairs if tuple(fault.store for fault in item.faults) == stores]
        lines.append(
            f"| {', '.join(stores)} | {len(those)} | {sum(item.answers for item in those):,} "
            f"| {sum(item.refused for item in those):,} | {max(item.slowest for item in those):.2f} s "
            f"| {max(item.recovery for item in those):.1f} s |"
        )
    return lines


def _cell(trial: Trial, kind: str) -> str:
    seen = trial.of_kind(kind)
    served, refused = sum(item.is_served for item in seen), sum(item.status == 503 for item in seen)
    return f"{served} / {refused}, {max(item.seconds for item in seen):.2f} s"


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
