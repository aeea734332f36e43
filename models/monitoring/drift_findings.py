"""What monitoring says: one finding a figure that is watched, its level, and all of a run's findings together.

A finding is more than ``ok`` only if its change passes two tests: it is large enough to matter (``LIMITS``), and
larger than chance explains at the sizes compared. So a thousand rows do not cry wolf, and a hundred million do not
call every trifle a drift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.monitoring.expected_performance import ExpectedPerformance
from models.monitoring.observed_performance import ObservedPerformance


class Level(StrEnum):
    """What a finding asks for: nothing, a look, or an answer."""

    OK = "ok"
    ATTENTION = "atencao"
    ALERT = "alerta"


class Measure(StrEnum):
    """What a finding speaks of."""

    SCORE_STABILITY = "estabilidade_do_score"
    FEATURE_STABILITY = "estabilidade_da_variavel"
    MISSING = "faltantes"
    REJECTS = "rejeicao"
    EXPECTED_AUC = "auc_esperada"
    EXPECTED_BAD_RATE = "taxa_esperada"
    OBSERVED_AUC = "auc_observada"
    CALIBRATION = "calibracao"


@dataclass(frozen=True, slots=True)
class Limits:
    """From which change on a finding is ``atencao``, and from which it is ``alerta``."""

    attention: float
    alert: float


LIMITS: Mapping[Measure, Limits] = {
    # Siddiqi, Credit Risk Scorecards (2006): below 0.10 no change, above 0.25 a significant one.
    Measure.SCORE_STABILITY: Limits(0.10, 0.25),
    Measure.FEATURE_STABILITY: Limits(0.10, 0.25),
    # Share of consumers, in absolute terms (our rule).
    Measure.MISSING: Limits(0.05, 0.10),
    # Share of a table's records by one rule, in absolute terms; a run warns of 5% in all (our rule).
    Measure.REJECTS: Limits(0.01, 0.05),
    # A fall of the AUC by a fortieth and a twentieth: five and ten points of Gini (our rule).
    Measure.EXPECTED_AUC: Limits(0.025, 0.05),
    Measure.OBSERVED_AUC: Limits(0.025, 0.05),
    # Relative change of the bad rate: a tenth and a quarter (our rule).
    Measure.EXPECTED_BAD_RATE: Limits(0.10, 0.25),
    Measure.CALIBRATION: Limits(0.10, 0.25),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure that is watched.

    Attributes
    ----------
    measure, subject
        What is compared, and of what: a feature, ``tabela: regra``, a band, or empty for the whole.
    reference, actual
        The figure in training (or expected) and in the run; of a stability index, its mean under no change and it.
    change
        What is held against ``LIMITS``: the index beyond chance, or the rise, fall or relative change.
    chance
        The greatest change that chance explains, in the unit of ``change``.
    """

    measure: Measure
    subject: str
    reference: float
    actual: float
    change: float
    chance: float

    @property
    def level(self) -> Level:
        """Return how far the change goes beyond chance and the limits."""
        limits, size = LIMITS[self.measure], abs(self.change)
        if size <= self.chance or size < limits.attention:
            return Level.OK
        return Level.ALERT if size >= limits.alert else Level.ATTENTION

    def to_json(self) -> dict[str, Any]:
        """Return the finding as reports and events hold it."""
        figures = {
            "referencia": self.reference,
            "atual": self.actual,
            "mudanca": self.change,
            "acaso": self.chance,
        }
        rounded = {name: round(value, 6) if math.isfinite(value) else None for name, value in figures.items()}
        return {"medida": self.measure.value, "sujeito": self.subject, "nivel": self.level.value, **rounded}


@dataclass(frozen=True, slots=True)
class DriftReport:
    """All findings on a run, and the performance expected in training, expected in the run, and observed."""

    findings: tuple[Finding, ...]
    trained: ExpectedPerformance
    expected: ExpectedPerformance
    observed: ObservedPerformance | None = None

    @property
    def level(self) -> Level:
        """Return the gravest level of any finding."""
        order = list(Level)
        return max((finding.level for finding in self.findings), key=order.index, default=Level.OK)

    def of(self, measure: Measure) -> tuple[Finding, ...]:
        """Return the findings of one measure, the greatest change first."""
        found = [finding for finding in self.findings if finding.measure is measure]
        return tuple(sorted(found, key=lambda finding: (-abs(finding.change), finding.subject)))

    @property
    def raised(self) -> tuple[Finding, ...]:
        """Return the findings that are more than ``ok``, alerts first."""
        found = [finding for measure in Measure for finding in self.of(measure) if finding.level is not Level.OK]
        return tuple(sorted(found, key=lambda finding: finding.level is not Level.ALERT))
