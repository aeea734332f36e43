"""Measure contenders in turn: alternating rounds, as many as asked for or as its time allows, failures apart."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.measured_process import ContenderError
from benchmarks.table.figures import FLOOR, OURS, Figure, Run, Step, Unmeasured
from benchmarks.table.machine import instant

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run of one contender; what it does not know of rows and bytes is ours' or the floor's."""

    run: Run
    rows: int | None = None
    octets: int | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A contender ready to be measured; ``missing`` is what it needs and is not there."""

    name: str
    measure: Callable[[], Outcome]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often: ``repeats`` rounds, but no further run of a contender that took ``patience`` seconds already."""

    repeats: int = 5
    patience: float = 600.0


def take_rounds(
    step: Step, consumers: int, entrants: Sequence[Entrant], *, rounds: Rounds, report: Report
) -> tuple[list[Figure], list[Unmeasured]]:
    """Return the figures of those who could be measured, and why of the others; ours goes first in the first round."""
    missing = {one.name: one.missing for one in entrants if one.missing}
    for name, reason in missing.items():
        report(f"*** {step} {consumers:,}: {name} IS NOT MEASURED: {reason}")
    taken: dict[str, list[Outcome]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    for number in range(rounds.repeats):
        order = [one for one in entrants if one.name not in missing]
        for one in order if number % 2 == 0 else reversed(order):
            if taken[one.name] and spent[one.name] > rounds.patience:
                continue
            started = time.perf_counter()
            try:
                outcome = one.measure()
            except ContenderError as error:
                missing[one.name] = f"failed: {error}"
                report(f"*** {step} {consumers:,}: {one.name} FAILED: {error.details or error}")
                continue
            spent[one.name] += time.perf_counter() - started
            taken[one.name].append(outcome)
            report(_line(step, consumers, one.name, number, outcome))
    figures = _figures(step, consumers, {name: runs for name, runs in taken.items() if name not in missing})
    return figures, [Unmeasured(step, name, consumers, reason) for name, reason in missing.items()]


def _figures(step: Step, consumers: int, taken: dict[str, list[Outcome]]) -> list[Figure]:
    known = [*taken.get(OURS, []), *taken.get(FLOOR, []), *(run for runs in taken.values() for run in runs)]
    rows = next((run.rows for run in known if run.rows is not None), consumers)
    octets = next((run.octets for run in known if run.octets is not None), 0)
    return [
        Figure(
            step,
            name,
            consumers,
            next((run.rows for run in runs if run.rows is not None), rows),
            next((run.octets for run in runs if run.octets is not None), octets),
            tuple(run.run for run in runs),
            next((run.answer for run in runs if run.answer), ""),
            instant(),
        )
        for name, runs in taken.items()
    ]


def _line(step: Step, consumers: int, name: str, number: int, outcome: Outcome) -> str:
    run = outcome.run
    text = f"{step} {consumers:,} round {number + 1}, {name}: {run.wall:.2f} s, CPU {run.cpu:.2f} s"
    return f"{text}, peak {run.peak_mib:,.0f} MiB{', ' + outcome.answer if outcome.answer else ''}"
