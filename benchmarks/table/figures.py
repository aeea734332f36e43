"""The record of what was measured: one figure a step, contender and size, kept as ``figures.json``.

A figure holds every run; what is shown is the median, with the least and the greatest.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

FORMAT = 1
OURS = "escore"
FLOOR = "floor"


class Step(StrEnum):
    """A part of the night that is measured by itself, in the order in which a night has them."""

    EXTRACTION = "extraction"
    FEATURES = "features"
    SCORE = "score"
    PUBLISHING = "publishing"


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: seconds of wall and of the clients' CPU, peak MiB of their processes together.

    ``server_cpu`` (seconds, all stores) and ``redis_bytes`` (growth of ``used_memory``) are those of publishing alone.
    """

    wall: float
    cpu: float
    peak_mib: float
    server_cpu: float | None = None
    redis_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """All runs of one contender at one size; ``rows`` and ``octets`` are what one run has to move.

    ``answer`` says how what it gave compares with what we gave; ``measured`` is the instant and the load then.
    """

    step: Step
    contender: str
    consumers: int
    rows: int
    octets: int
    runs: tuple[Run, ...]
    answer: str = ""
    measured: str = ""

    def median(self, name: str) -> float | None:
        """Return the median over the runs of a ``Run``'s field; None where no run has it."""
        values = self._values(name)
        return statistics.median(values) if values else None

    def spread(self, name: str) -> tuple[float, float] | None:
        """Return the least and the greatest over the runs."""
        values = self._values(name)
        return (min(values), max(values)) if values else None

    @property
    def wall(self) -> float:
        """Return the median wall seconds."""
        return statistics.median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """Return the median CPU seconds of the clients' processes."""
        return statistics.median(run.cpu for run in self.runs)

    @property
    def peak_mib(self) -> float:
        """Return the median peak memory."""
        return statistics.median(run.peak_mib for run in self.runs)

    @property
    def rows_per_second(self) -> float:
        """Return rows over median wall seconds."""
        return self.rows / self.wall

    @property
    def key(self) -> tuple[str, int, str]:
        """Return what tells figures apart."""
        return self.step, self.consumers, self.contender

    def _values(self, name: str) -> list[float]:
        return [value for run in self.runs if (value := getattr(run, name)) is not None]


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A contender that was left out or failed, and why; an empty ``contender`` stands for the whole step."""

    step: Step
    contender: str
    consumers: int
    reason: str

    @property
    def key(self) -> tuple[str, int, str]:
        """Return what tells it from others, as a figure's."""
        return self.step, self.consumers, self.contender


@dataclass(frozen=True, slots=True)
class Measurements:
    """Everything that one page shows; ``machine`` is what it was measured on, by name."""

    machine: Mapping[str, str] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = ()

    def find(self, step: Step, contender: str, consumers: int) -> Figure | None:
        """Return one figure, or None."""
        return next((f for f in self.figures if f.key == (step, consumers, contender)), None)

    def sizes(self, step: Step) -> list[int]:
        """Return the numbers of consumers that a step was measured at, rising."""
        return sorted({figure.consumers for figure in self.figures if figure.step is step})

    def added(self, figures: Iterable[Figure], unmeasured: Iterable[Unmeasured]) -> Measurements:
        """Return these with others, which take the place of what has the same step, size and contender."""
        new, missing = list(figures), list(unmeasured)
        replaced = {one.key for one in (*new, *missing)} | {(f.step, f.consumers, "") for f in new}
        kept = [figure for figure in self.figures if figure.key not in replaced]
        left = [one for one in self.unmeasured if one.key not in replaced]
        return replace(self, figures=tuple(_ordered([*kept, *new])), unmeasured=tuple(_ordered([*left, *missing])))

    def save(self, path: Path) -> None:
        """Write all as JSON; a reader never sees half of it."""
        body = {
            "format": FORMAT,
            "machine": dict(self.machine),
            "figures": [asdict(figure) for figure in self.figures],
            "unmeasured": [asdict(one) for one in self.unmeasured],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> Measurements:
        """Return what ``save`` wrote; ValueError if it is of another format."""
        body = json.loads(path.read_text())
        if body.get("format") != FORMAT:
            raise ValueError(f"{path}: format {body.get('format')}, this program reads {FORMAT}")
        figures = tuple(_figure(one) for one in body["figures"])
        unmeasured = tuple(Unmeasured(**{**one, "step": Step(one["step"])}) for one in body["unmeasured"])
        return cls(body["machine"], figures, unmeasured)


def ratio(one: Figure | None, other: Figure | None, name: str) -> float | None:
    """Return the ratio of two figures' medians of a field; None where either was not measured or took nothing."""
    if one is None or other is None:
        return None
    above, below = one.median(name), other.median(name)
    return above / below if above is not None and below else None


def _figure(body: Mapping[str, Any]) -> Figure:
    return Figure(**{**body, "step": Step(body["step"]), "runs": tuple(Run(**run) for run in body["runs"])})


def _ordered(found: list[Any]) -> list[Any]:
    """Sort by step and size; contenders stay as they came, for that is the order of their declaration."""
    steps = list(Step)
    return sorted(found, key=lambda one: (steps.index(one.step), one.consumers))
