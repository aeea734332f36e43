"""The limits of the gate that a new model passes to take over: each a named figure with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

AUC_DIFFERENCE = 0.0
"""A new model is better than the one in force, or equal within the interval of the difference on the same rows."""

GINI_SLOPE = -0.02
"""Change of the Gini a month: a faster fall would take a quarter of a Gini away within a year (our rule)."""

GINI_SPREAD = 0.10
"""Highest less lowest monthly Gini: a model that moves by more than ten points of Gini is a different one in each
month (our rule)."""

ECE = 0.02
"""Mean distance of probability and observed rate: a fifth of a default rate of 10% (our rule)."""

CALIBRATION_SLOPE = (0.8, 1.25)
"""1 where probabilities spread as outcomes do; outside, differences of log-odds are off by a quarter (our rule)."""

SEX_APPROVAL_RATIO = 0.8
"""The four-fifths rule: 29 CFR 1607.4 D."""

OPPORTUNITY_DIFFERENCE = 0.10
"""Approval of the good of one sex less that of the other: the usual tolerance for equal opportunity (Hardt et al.,
2016, define it; a tenth is AI Fairness 360's)."""

AGE_APPROVAL_RATIO = 0.5
"""Age is a lawful input, and risk does differ by it (12 CFR 1002.6 b 2 admits it in a demonstrably sound system): an
age group approved less than half as often as the most approved asks for people to look at it first (our rule)."""

OLDER_APPROVAL_RATIO = 0.8
"""Persons of 60 or more: credit may not be hindered by age (Lei 10.741 art. 96), nor may a score use an older age
against them (12 CFR 1002.6 b 2 iv), so that the four-fifths rule holds for them too."""

GROUP_CALIBRATION_GAP = 0.03
"""Mean probability less observed rate in a group: beyond, it pays for a risk that is not its own (our rule)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the gate allows; the defaults are the named figures of this module."""

    auc_difference: float = AUC_DIFFERENCE
    gini_slope: float = GINI_SLOPE
    gini_spread: float = GINI_SPREAD
    ece: float = ECE
    calibration_slope: tuple[float, float] = CALIBRATION_SLOPE
    sex_approval_ratio: float = SEX_APPROVAL_RATIO
    opportunity_difference: float = OPPORTUNITY_DIFFERENCE
    age_approval_ratio: float = AGE_APPROVAL_RATIO
    older_approval_ratio: float = OLDER_APPROVAL_RATIO
    group_calibration_gap: float = GROUP_CALIBRATION_GAP
