"""The gate: whether a new model may take over from the one in force, by checks that noise alone cannot fail.

Enter a model's evidence and its comparison with the model in force on the same later rows; leaves a decision with
every check's observed value, its interval, its limit and a sentence in Portuguese. A limit is broken only where the
whole interval lies beyond it: that of the comparison by itself, those of the other checks jointly. What was not
measured is not passed; a group too small to be judged is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.inputs import InputFeature, is_forbidden
from models.points.monotonicity import direction_violations
from models.points.table import PointsTable
from models.training.takeover_checks import Check, check_interval
from models.training.takeover_fairness import check_age, check_sex
from models.training.takeover_limits import Limits
from models.validation.evidence import Evidence
from models.validation.intervals import Interval
from models.validation.proxies import Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the model takes over, every check, and the version that it was compared with (None: there was none)."""

    takes_over: bool
    checks: tuple[Check, ...]
    incumbent: str | None

    @property
    def refusals(self) -> tuple[str, ...]:
        """Return the sentences of the checks that failed: why the model does not take over."""
        return tuple(check.text for check in self.checks if not check.passed)

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``decisao.json``."""
        return {
            "assume": self.takes_over,
            "modelo_em_vigor": self.incumbent,
            "verificacoes": [check.to_json() for check in self.checks],
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The new model's AUC less that of the model in force, on the same later rows; ``problem`` if it has none."""

    incumbent: str
    difference: Interval | None
    problem: str = ""


def decide_takeover(  # noqa: PLR0913 - everything that the gate looks at
    evidence: Evidence,
    points: PointsTable,
    inputs: Sequence[InputFeature],
    *,
    comparison: Comparison | None,
    copies_looked_for: Sequence[str],
    limits: Limits | None = None,
) -> Decision:
    """Return the decision; without a model in force (``comparison`` is None) all checks but that one are made."""
    limits = limits or Limits()
    checks = (
        *([] if comparison is None else [_check_incumbent(comparison, limits)]),
        *_check_months(evidence, limits),
        *_check_calibration(evidence, limits),
        _check_directions(points, inputs),
        _check_law(evidence, points, inputs, copies_looked_for),
        *check_sex(evidence, limits),
        *check_age(evidence, limits),
    )
    return Decision(all(check.passed for check in checks), checks, None if comparison is None else comparison.incumbent)


def _check_incumbent(comparison: Comparison, limits: Limits) -> Check:
    if comparison.problem:
        text = f"Comparação com o modelo em vigor, {comparison.incumbent}: não foi possível; {comparison.problem}."
        return Check("modelo_em_vigor", False, text, at_least=limits.auc_difference)
    what = f"AUC fora do tempo menos a do modelo em vigor, {comparison.incumbent}, nas mesmas linhas"
    return check_interval("modelo_em_vigor", what, comparison.difference, at_least=limits.auc_difference, joint=False)


def _check_months(evidence: Evidence, limits: Limits) -> list[Check]:
    trend = evidence.out_of_time.trend
    slope, spread = (None, None) if trend is None else (trend.gini_slope, trend.gini_spread)
    return [
        check_interval("gini_inclinacao", "Variação do Gini por mês", slope, at_least=limits.gini_slope),
        check_interval("gini_amplitude", "Maior menos menor Gini mensal", spread, at_most=limits.gini_spread),
    ]


def _check_calibration(evidence: Evidence, limits: Limits) -> list[Check]:
    late = evidence.out_of_time
    least, most = limits.calibration_slope
    what = "Inclinação da calibração fora do tempo"
    return [
        check_interval("ece", "Erro de calibração fora do tempo (ECE sem viés)", late.ece_debiased, at_most=limits.ece),
        check_interval("calibracao_inclinacao", what, late.calibration_slope, at_least=least, at_most=most),
    ]


def _check_directions(points: PointsTable, inputs: Sequence[InputFeature]) -> Check:
    declared = {feature.name: feature.direction for feature in inputs}
    wrong = direction_violations(points.terms)
    wrong += [
        f"{axis.feature}: sentido {axis.direction.value} em vez do declarado"
        for term in points.terms
        for axis in term.axes
        if declared.get(axis.feature) is not axis.direction
    ]
    text = "; ".join(dict.fromkeys(wrong)) or "nenhum termo contra o sentido declarado da sua variável"
    return Check("monotonia", not wrong, f"Monotonia do modelo inteiro: {text}.")


def _check_law(
    evidence: Evidence, points: PointsTable, inputs: Sequence[InputFeature], copies_looked_for: Sequence[str]
) -> Check:
    declared = {feature.name for feature in inputs}
    wrong = [f"{name} é vedada" for name in points.features if is_forbidden(name)]
    wrong += [f"{name} não foi declarada" for name in points.features if name not in declared]
    wrong += [f"{f.feature} copia {f.attribute}" for f in evidence.proxies if f.verdict is Verdict.REFUSED]
    if not copies_looked_for:
        wrong.append("cópias de atributos vedados não foram procuradas")
    reported = sum(finding.verdict is Verdict.REPORTED for finding in evidence.proxies)
    found = "; ".join(wrong) or f"nenhuma variável vedada nem cópia de {', '.join(copies_looked_for)}"
    return Check("lei", not wrong, f"Lei 12.414: {found}; associações relatadas: {reported}.")
