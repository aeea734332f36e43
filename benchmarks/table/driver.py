"""Measures every step that is asked for, one after the other, and hands over all figures after each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.extraction_peers import extraction_entrants
from benchmarks.lake_snapshot import SnapshotSize
from benchmarks.night_peers import night_entrants
from benchmarks.publishing_peers import publishing_entrants
from benchmarks.table.figures import OURS, Measurements, Step, Unmeasured
from benchmarks.table.machine import describe
from benchmarks.table.rounds import Entrant, Report, Rounds, take_rounds


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured, and with what; sizes are numbers of consumers."""

    steps: tuple[Step, ...]
    consumers: tuple[int, ...]
    growth: tuple[int, ...]
    names: tuple[str, ...]
    repeats: int
    patience: float
    events: float
    range_size: int
    extraction_limit: int
    lakes: Path
    feast_python: Path

    def jobs(self) -> list[tuple[Step, int, tuple[str, ...]]]:
        """Return step, size and contenders of everything to measure, the shorter sizes first."""
        jobs = [(step, consumers, self.names) for consumers in self.consumers for step in self.steps]
        if Step.SCORE in self.steps and OURS in self.names:
            more = [consumers for consumers in self.growth if consumers not in self.consumers]
            jobs += [(Step.SCORE, consumers, (OURS,)) for consumers in more]
        return jobs


def measure_all(plan: Plan, before: Measurements, *, report: Report) -> Iterator[Measurements]:
    """Yield all figures so far, with those of ``before``, after each step; what cannot be measured is among them."""
    measured = before
    rounds = Rounds(plan.repeats, plan.patience)
    for step, consumers, names in plan.jobs():
        reason = _left_out(plan, step, consumers)
        if reason:
            report(f"*** {step} {consumers:,} IS NOT MEASURED: {reason}")
            measured = measured.added([], [Unmeasured(step, "", consumers, reason)])
        else:
            report(f"{step}, {consumers:,} consumers")
            try:
                with _open(plan, step, consumers, names=names, report=report) as entrants:
                    figures, unmeasured = take_rounds(step, consumers, entrants, rounds=rounds, report=report)
            except Exception as error:  # noqa: BLE001 - one step's failure must not lose the others' figures
                reason = f"failed: {type(error).__name__}: {error}"[:300]
                report(f"*** {step} {consumers:,} {reason}")
                figures, unmeasured = [], [Unmeasured(step, "", consumers, reason)]
            measured = measured.added(figures, unmeasured)
        extra = {"data": f"{plan.events:g} events a consumer, ranges of {plan.range_size:,}"}
        measured = Measurements(describe(extra), measured.figures, measured.unmeasured)
        yield measured


def _left_out(plan: Plan, step: Step, consumers: int) -> str:
    if step is Step.EXTRACTION and consumers > plan.extraction_limit:
        return (
            f"loading the live stores would take hours (--extraction-limit {plan.extraction_limit:,}); ranges are read"
            f" one by one, so that the cost is that of as many ranges"
        )
    return ""


def _open(
    plan: Plan, step: Step, consumers: int, *, names: tuple[str, ...], report: Report
) -> AbstractContextManager[list[Entrant]]:
    if step is Step.EXTRACTION:
        return extraction_entrants(
            consumers, events=plan.events, range_size=plan.range_size, names=names, report=report
        )
    if step is Step.PUBLISHING:
        return publishing_entrants(consumers, names=names, feast_python=plan.feast_python, report=report)
    size = SnapshotSize(consumers, plan.range_size, plan.events)
    return night_entrants(step, size, lakes=plan.lakes, names=names, report=report)
