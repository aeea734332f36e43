"""What a run hands to its reports: identity, counts, gates, and the time and memory of each step."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from flows.quality import GateReport
from flows.range_summary import RangeSummary
from flows.run_plan import RunIdentity

_KIB_PER_MAXRSS_UNIT = 1 if sys.platform != "darwin" else 1 / 1024
"""Linux gives the peak resident size in KiB, macOS in bytes (getrusage(2))."""


FULL_READING = "full: everything was read from the stores"


@dataclass(frozen=True, slots=True)
class StepTime:
    """One step: wall and CPU seconds of this process, and its peak memory (MiB) when the step ended."""

    step: str
    seconds: float
    cpu_seconds: float
    peak_mib: float


@dataclass(slots=True)
class StepTimes:
    """Collects the steps of a run in order."""

    steps: list[StepTime] = field(default_factory=list)

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        """Measure the enclosed work as one step, also when it fails."""
        wall, cpu = perf_counter(), process_time()
        try:
            yield
        finally:
            self.steps.append(StepTime(step, perf_counter() - wall, process_time() - cpu, peak_mib()))

    @property
    def seconds(self) -> float:
        """Return the wall seconds of all steps."""
        return sum(step.seconds for step in self.steps)


def peak_mib() -> float:
    """Return the peak resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB_PER_MAXRSS_UNIT / 1024


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A run as its reports show it; ``fingerprint`` and ``published`` tell whether it was published."""

    run: RunIdentity
    model_name: str
    resumed_ranges: int
    summary: RangeSummary
    gates: GateReport
    steps: tuple[StepTime, ...]
    started_at: datetime
    published: bool
    fingerprint: str | None
    report: Path
    reading: str = FULL_READING

    @property
    def events_read(self) -> int:
        """Return the records read from all three stores."""
        return sum(counts.read for counts in self.summary.counts.values())

    @property
    def seconds(self) -> float:
        """Return the wall seconds of all steps."""
        return sum(step.seconds for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        """Return what a machine reads of the run: ids, counts, paths."""
        scores = self.summary.scores
        return {
            "execucao_id": str(self.run.execucao_id),
            "data_referencia": self.run.as_of.isoformat(),
            "modelo_versao": self.run.model_version,
            "publicada": self.published,
            "impressao": self.fingerprint,
            "leitura": self.reading,
            "clientes": {
                "extraidos": self.summary.extracted_clients,
                "pontuados": scores.scored,
                "insuficientes": scores.insufficient,
                "rejeitados": self.summary.rejected_clients,
            },
            "registros_lidos": self.events_read,
            "segundos": round(self.seconds, 3),
            "memoria_pico_mib": round(max((step.peak_mib for step in self.steps), default=0.0), 1),
            "relatorio": str(self.report),
            "data_docs": str(self.gates.data_docs),
        }
