"""Whether a run's consumers, rejects and outcomes are still those that the model was trained on.

Two descriptions by the same model's cells enter (``ReferenceDistribution``), and outcomes once they are known;
findings leave, one a figure that is watched. With all figures together, one report in a hundred on an unchanged
population names anything by chance, whatever the number of rows (``FAMILY_SIGNIFICANCE``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import NormalDist

import numpy as np

from contracts.errors import DataIntegrityError
from contracts.extraction import TableCounts
from models.monitoring.drift_findings import DriftReport, Finding, Measure
from models.monitoring.expected_performance import ExpectedPerformance, expected_performance
from models.monitoring.observed_performance import ObservedPerformance
from models.monitoring.population_stability import StabilityIndex, population_stability, score_groups
from models.monitoring.reference_distribution import ReferenceDistribution
from models.points.scaling import ScoreScale
from models.validation.intervals import NORMAL_QUANTILE

FAMILY_SIGNIFICANCE = 0.01
"""How often a report on an unchanged population may name anything at all by chance (shared out: Bonferroni)."""


def find_drift(
    reference: ReferenceDistribution,
    actual: ReferenceDistribution,
    scale: ScoreScale,
    *,
    observed: ObservedPerformance | None = None,
) -> DriftReport:
    """Return what changed from the training rows to the run's.

    ``scale`` is the model's. Reject rates are compared where both descriptions hold counts of the table.
    DataIntegrityError if the two were not counted by the same model, or if either holds no row.
    """
    if not reference.is_comparable(actual):
        raise DataIntegrityError("drift: the two distributions were counted by the cells of two models")
    trained, expected = (expected_performance(d.scores, scale) for d in (reference, actual))
    if trained is None or expected is None:
        raise DataIntegrityError("drift: a distribution without rows cannot be compared")
    rejects = list(_rejects(reference.counts, actual.counts))
    figures = 2 * len(actual.cells) + len(rejects) + len(Measure) + (len(observed.bands) if observed else 0)
    significance = FAMILY_SIGNIFICANCE / figures
    findings = [
        *_stability(reference, actual, significance),
        *_missing(reference, actual, significance),
        *(_share_change(Measure.REJECTS, *rates, significance=significance) for rates in rejects),
        *_expected(trained, expected, significance),
        *(_observed(trained, observed, significance) if observed else ()),
    ]
    return DriftReport(tuple(findings), trained, expected, observed)


def _stability(
    reference: ReferenceDistribution, actual: ReferenceDistribution, significance: float
) -> Iterator[Finding]:
    groups = score_groups(reference.scores, actual.scores)
    yield _index_finding(Measure.SCORE_STABILITY, "", population_stability(*groups, significance=significance))
    for name, cells in actual.cells.items():
        index = population_stability(np.array(reference.cells[name]), np.array(cells), significance=significance)
        yield _index_finding(Measure.FEATURE_STABILITY, name, index)


def _index_finding(measure: Measure, subject: str, index: StabilityIndex | None) -> Finding:
    if index is None:
        raise DataIntegrityError("drift: a distribution without rows cannot be compared")
    chance = index.chance_limit - index.chance_mean
    return Finding(measure, subject, index.chance_mean, index.value, max(index.excess, 0.0), chance)


def _missing(reference: ReferenceDistribution, actual: ReferenceDistribution, significance: float) -> Iterator[Finding]:
    for name, cells in actual.cells.items():
        before, now = (reference.cells[name][-1], reference.rows), (cells[-1], actual.rows)
        yield _share_change(Measure.MISSING, name, before, now, significance=significance)


def _rejects(
    reference: Mapping[str, TableCounts], actual: Mapping[str, TableCounts]
) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Yield each table's rules with the records refused by it and read, in training and in the run."""
    for table, now in actual.items():
        before = reference.get(table, TableCounts())
        if before.read and now.read:
            for rule in sorted({*before.rejected, *now.rejected}):
                counts = [(side.rejected.get(rule, 0), side.read) for side in (before, now)]
                yield f"{table}: {rule}", counts[0], counts[1]


def _share_change(
    measure: Measure, subject: str, before: tuple[int, int], now: tuple[int, int], *, significance: float
) -> Finding:
    """Return the change of a share, each side given as (part, whole), against the test of two proportions."""
    p, q = before[0] / before[1], now[0] / now[1]
    both = (before[0] + now[0]) / (before[1] + now[1])
    error = math.sqrt(both * (1 - both) * (1 / before[1] + 1 / now[1]))
    return Finding(measure, subject, p, q, q - p, _deviations(significance) * error)


def _expected(trained: ExpectedPerformance, expected: ExpectedPerformance, significance: float) -> Iterator[Finding]:
    deviations = _deviations(significance)
    if trained.auc is not None and expected.auc is not None:
        error = math.hypot(trained.auc_error, expected.auc_error)
        yield _fall(Measure.EXPECTED_AUC, trained.auc, expected.auc, chance=deviations * error)
    error = math.hypot(trained.bad_rate_error, expected.bad_rate_error)
    yield Finding(
        Measure.EXPECTED_BAD_RATE,
        "",
        trained.bad_rate,
        expected.bad_rate,
        expected.bad_rate / trained.bad_rate - 1,
        deviations * error / trained.bad_rate,
    )


def _observed(trained: ExpectedPerformance, observed: ObservedPerformance, significance: float) -> Iterator[Finding]:
    if trained.auc is not None and observed.auc is not None:
        error = math.hypot(trained.auc_error, (observed.auc.high - observed.auc.low) / (2 * NORMAL_QUANTILE))
        chance = _deviations(significance) * error
        yield _fall(Measure.OBSERVED_AUC, trained.auc, observed.auc.estimate, chance=chance)
    for part in (observed.whole, *observed.bands):
        if part.observed is not None and part.expected is not None:
            yield _miscalibration(part.band, part.observed.estimate, part.expected, part.deviations, significance)


def _fall(measure: Measure, before: float, now: float, *, chance: float) -> Finding:
    """Return a figure of which only a fall is a change."""
    return Finding(measure, "", before, now, min(now - before, 0.0), chance)


def _miscalibration(subject: str, observed: float, expected: float, deviations: float, significance: float) -> Finding:
    """Return the relative change from the expected to the observed rate, chance scaled to the same unit."""
    change = observed / expected - 1
    chance = abs(change) * _deviations(significance) / abs(deviations) if deviations else math.inf
    return Finding(Measure.CALIBRATION, subject, expected, observed, change, chance)


def _deviations(significance: float) -> float:
    """Return how many standard deviations chance exceeds, on either side, with that probability."""
    return NormalDist().inv_cdf(1 - significance / 2)
