"""The gate's checks of fairness: by sex, and by age group with limits of its own.

Enter the fairness figures of the evidence; leaves checks. Of each group that has rows enough to be judged.
"""

from __future__ import annotations

from models.training.rows import AGE_GROUP, OLDER_GROUP
from models.training.takeover_checks import Check, check_interval
from models.training.takeover_limits import Limits
from models.validation.evidence import Evidence
from models.validation.fairness import AttributeFairness, GroupFairness

SEX = "sexo"


def check_sex(evidence: Evidence, limits: Limits) -> list[Check]:
    """Return the checks by sex: approval, approval of the good, calibration; a failed one if it was not measured."""
    measured = _attribute(evidence, SEX)
    if measured is None:
        return [_not_measured("equidade_sexo", SEX)]
    return [
        *_ratios("equidade_sexo", measured, dict.fromkeys(_judged(measured), limits.sex_approval_ratio)),
        *_opportunities("equidade_sexo", measured, limits.opportunity_difference),
        *_gaps("equidade_sexo", measured, limits.group_calibration_gap),
    ]


def check_age(evidence: Evidence, limits: Limits) -> list[Check]:
    """Return the checks by age group: approval and calibration; a failed one if it was not measured."""
    measured = _attribute(evidence, AGE_GROUP)
    if measured is None:
        return [_not_measured("equidade_idade", AGE_GROUP)]
    ratios = {
        name: limits.older_approval_ratio if name == OLDER_GROUP else limits.age_approval_ratio
        for name in _judged(measured)
    }
    return [
        *_ratios("equidade_idade", measured, ratios),
        *_gaps("equidade_idade", measured, limits.group_calibration_gap),
    ]


def _attribute(evidence: Evidence, name: str) -> AttributeFairness | None:
    return next((measured for measured in evidence.fairness if measured.attribute == name), None)


def _judged(measured: AttributeFairness) -> dict[str, GroupFairness]:
    """Return the groups with enough rows to be judged, but the one that the others are compared with."""
    return {group.group: group for group in measured.groups if group.judged}


def _ratios(name: str, measured: AttributeFairness, limits: dict[str, float]) -> list[Check]:
    groups = _judged(measured)
    return [
        check_interval(
            f"{name}_aprovacao",
            f"Aprovação de {measured.attribute} {group} sobre a de {measured.reference}",
            groups[group].approval_ratio,
            at_least=least,
        )
        for group, least in limits.items()
        if group != measured.reference
    ]


def _opportunities(name: str, measured: AttributeFairness, limit: float) -> list[Check]:
    return [
        check_interval(
            f"{name}_oportunidade",
            f"Aprovação dos bons de {measured.attribute} {group} menos a de {measured.reference}",
            figures.opportunity_difference,
            at_least=-limit,
        )
        for group, figures in _judged(measured).items()
        if group != measured.reference
    ]


def _gaps(name: str, measured: AttributeFairness, limit: float) -> list[Check]:
    return [
        check_interval(
            f"{name}_calibracao",
            f"Probabilidade média menos taxa observada em {measured.attribute} {group}",
            figures.calibration_gap,
            at_least=-limit,
            at_most=limit,
        )
        for group, figures in _judged(measured).items()
    ]


def _not_measured(name: str, attribute: str) -> Check:
    return Check(name, False, f"Equidade por {attribute}: não foi medida; o atributo não estava nos dados.")
