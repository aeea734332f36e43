"""What monitoring a run hands to its reports: the run, its model, the findings, and when outcomes are known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flows.run_plan import RunIdentity
from models.monitoring.drift_findings import DriftReport, Finding, Level, Measure
from models.monitoring.expected_performance import ExpectedPerformance
from models.monitoring.reference_distribution import ReferenceDistribution
from models.points.table import PointsTable
from models.validation.intervals import Interval
from models.validation.number_texts import NOTHING, decimal, percent

TITLES: Mapping[Measure, str] = {
    Measure.SCORE_STABILITY: "estabilidade do score (PSI)",
    Measure.FEATURE_STABILITY: "estabilidade das variáveis (PSI)",
    Measure.MISSING: "parcela faltante",
    Measure.REJECTS: "parcela rejeitada por regra",
    Measure.EXPECTED_AUC: "AUC esperada",
    Measure.EXPECTED_BAD_RATE: "taxa de inadimplência esperada",
    Measure.OBSERVED_AUC: "AUC observada",
    Measure.CALIBRATION: "taxa observada contra a esperada",
}
"""How reports name what is watched."""

STABILITY = frozenset({Measure.SCORE_STABILITY, Measure.FEATURE_STABILITY})
AREAS = frozenset({Measure.EXPECTED_AUC, Measure.OBSERVED_AUC})
"""Measures whose figures are indices, and areas under a curve; all others are shares or rates."""


@dataclass(frozen=True, slots=True)
class MonitorOutcome:
    """One run held against its model's training.

    ``observed_until`` is the day by whose end outcomes were judged, None while they are not known: they are from
    ``matures_on`` on.
    """

    run: RunIdentity
    points: PointsTable
    reference: ReferenceDistribution
    actual: ReferenceDistribution
    drift: DriftReport
    matures_on: date
    observed_until: date | None
    report: Path

    @property
    def level(self) -> Level:
        """Return the gravest level of any finding."""
        return self.drift.level

    def to_json(self) -> dict[str, Any]:
        """Return what a machine reads: ids, dates, counts, figures and findings; nothing of a person."""
        drift = self.drift
        [score] = drift.of(Measure.SCORE_STABILITY)
        return {
            "execucao_id": str(self.run.execucao_id),
            "data_referencia": self.run.as_of.isoformat(),
            "modelo_versao": self.run.model_version,
            "nivel": self.level.value,
            "linhas_de_treino": self.reference.rows,
            "pontuados": self.actual.rows,
            "psi_do_score": round(score.actual, 6),
            "treino": _expected_json(drift.trained),
            "esperado": _expected_json(drift.expected),
            "observado": self._observed_json(),
            "desfechos_conhecidos_em": self.matures_on.isoformat(),
            "achados": [finding.to_json() for finding in drift.raised],
            "figuras_vigiadas": len(drift.findings),
            "relatorio": str(self.report),
        }

    def _observed_json(self) -> dict[str, Any] | None:
        observed = self.drift.observed
        if observed is None or self.observed_until is None:
            return None
        return {
            "observado_ate": self.observed_until.isoformat(),
            "linhas": observed.whole.rows,
            "maus": observed.whole.bads,
            "sem_desfecho": observed.unknown,
            "auc": _interval_json(observed.auc),
            "brier": round(observed.brier, 6),
            "taxa": _interval_json(observed.whole.observed),
            "taxa_esperada": _rounded(observed.whole.expected),
        }


def figure_texts(finding: Finding) -> tuple[str, str, str, str]:
    """Return a finding's reference, figure, change and what chance explains of it, as a reader writes them."""
    write = _write_index if finding.measure in STABILITY else decimal if finding.measure in AREAS else percent
    chance = write(finding.chance) if math.isfinite(finding.chance) else NOTHING
    return write(finding.reference), write(finding.actual), write(finding.change), chance


def sentence(finding: Finding) -> str:
    """Return a finding in words."""
    before, now, *_ = figure_texts(finding)
    subject = f", {finding.subject}" if finding.subject else ""
    compared = "por acaso" if finding.measure in STABILITY else "referência"
    return f"{TITLES[finding.measure]}{subject}: {now} ({compared} {before})"


def _write_index(value: float) -> str:
    return decimal(value, 3)


def _expected_json(expected: ExpectedPerformance) -> dict[str, Any]:
    return {
        "auc": _rounded(expected.auc),
        "gini": _rounded(expected.gini),
        "taxa": _rounded(expected.bad_rate),
        "taxa_de": _rounded(expected.bad_rate_low),
        "taxa_a": _rounded(expected.bad_rate_high),
        "brier": _rounded(expected.brier),
    }


def _interval_json(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else {"valor": interval.estimate, "de": interval.low, "a": interval.high}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
