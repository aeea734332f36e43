"""Fairness, measured and never used: what the model would do to each group of sex, age or marital status.

A consumer counts as approved from a stated score on. Measured are the approval rate and its ratio to that of the
most approved group (the four-fifths rule of 29 CFR 1607.4 D compares in this way), the approval rate among the good
alone and its difference from that group's (equal opportunity: Hardt et al., 2016), calibration and AUC in each group.
A group of few rows is said to be too few and is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.score_terms import BAND_UPPER_SCORES, SCORE_MAX, SCORE_MIN, Band
from models.validation import evaluate
from models.validation.evaluate import Counts, Flags, Floats, Integers
from models.validation.intervals import Interval, Resampling, normal_interval, rate_interval
from models.validation.judged import JudgedRows

APPROVAL_SCORE = dict(BAND_UPPER_SCORES)[Band.FAIR] + 1
"""First score of the band ``bom``: the cut-off by which approval is spoken of here; each consulente sets its own."""

MIN_GROUP_ROWS = 200
"""Fewer rows than this and an approval rate is known to worse than ±7 points."""

MIN_GROUP_OUTCOMES = 30
"""Fewer bad, or good, rows than this and neither AUC nor calibration of a group can be judged."""


@dataclass(frozen=True, slots=True)
class GroupFairness:
    """One group's figures; those after ``bads`` are None where there are too few rows (``judged`` is false).

    ``approval_ratio`` and ``opportunity_difference`` are relative to the attribute's reference group, of which they
    are 1 and 0. ``calibration_gap`` is mean probability minus bad rate: above 0 the group's risk is overstated.
    """

    group: str
    rows: int
    bads: int
    judged: bool
    approval_rate: Interval | None = None
    approval_ratio: Interval | None = None
    good_approval_rate: Interval | None = None
    opportunity_difference: Interval | None = None
    bad_rate: Interval | None = None
    mean_probability: Interval | None = None
    calibration_gap: Interval | None = None
    auc: Interval | None = None


@dataclass(frozen=True, slots=True)
class AttributeFairness:
    """The groups of one attribute; ``reference`` is the most approved that is judged, ``unknown`` rows have none."""

    attribute: str
    approval_score: int
    reference: str | None
    unknown: int
    groups: tuple[GroupFairness, ...]

    @property
    def lowest_approval_ratio(self) -> Interval | None:
        """Return the least ratio among the groups judged."""
        found = [g.approval_ratio for g in self.groups if g.approval_ratio is not None]
        return min(found, key=lambda ratio: ratio.estimate, default=None)

    @property
    def largest_opportunity_difference(self) -> Interval | None:
        """Return the difference furthest from 0 among the groups judged."""
        found = [g.opportunity_difference for g in self.groups if g.opportunity_difference is not None]
        return max(found, key=lambda difference: abs(difference.estimate), default=None)

    @property
    def largest_calibration_gap(self) -> Interval | None:
        """Return the gap furthest from 0 among the groups judged."""
        found = [g.calibration_gap for g in self.groups if g.calibration_gap is not None]
        return max(found, key=lambda gap: abs(gap.estimate), default=None)


def measure_fairness(
    rows: JudgedRows, resampling: Resampling, *, approval_score: int = APPROVAL_SCORE
) -> tuple[AttributeFairness, ...]:
    """Return the fairness by each attribute of ``rows.groups``; approved is a published score of that or more."""
    return tuple(
        _measure_attribute(rows, name, resampling, approval_score=approval_score) for name in sorted(rows.groups)
    )


def _measure_attribute(
    rows: JudgedRows, attribute: str, resampling: Resampling, *, approval_score: int
) -> AttributeFairness:
    names, group = _encode(rows.groups[attribute])
    size, known = len(rows.scores), len(names) - 1
    cells, shape = rows.cells(group), (-1, len(names), size, 2)
    counts = np.bincount(cells, minlength=2 * len(names) * size).reshape(shape).astype(np.float64)
    both = np.concatenate([counts, resampling.counts(cells, 2 * len(names) * size).reshape(shape)])
    approved = np.clip(rows.scores, SCORE_MIN, SCORE_MAX) >= approval_score
    totals = counts[0, :known].sum(axis=1)
    judged = (totals.sum(axis=1) >= MIN_GROUP_ROWS) & (totals.min(axis=1, initial=np.inf) >= MIN_GROUP_OUTCOMES)
    rates = _approval(both[..., :known, :, :].sum(axis=-1), approved)
    reference = int(np.where(judged, rates[0], -1.0).argmax()) if judged.any() else None
    return AttributeFairness(
        attribute=attribute,
        approval_score=approval_score,
        reference=None if reference is None else names[reference],
        unknown=int(counts[0, known].sum()),
        groups=tuple(
            _measure_group(names[i], both[:, i], both[:, reference], approved=approved, p=rows.score_probability)
            if judged[i] and reference is not None
            else GroupFairness(names[i], int(totals[i].sum()), int(totals[i, 1]), judged=False)
            for i in range(known)
        ),
    )


def _measure_group(name: str, both: Counts, reference: Counts, *, approved: Flags, p: Floats) -> GroupFairness:
    """Return a group's figures; the first line of ``both`` and ``reference`` is the estimate, the others replicates."""
    number, bads = both[0].sum(), both[0, :, 1].sum()
    rate, reference_rate = (_approval(counts.sum(axis=-1), approved) for counts in (both, reference))
    good, reference_good = (_approval(counts[..., 0], approved) for counts in (both, reference))
    ratio = np.divide(rate, reference_rate, out=np.full(rate.shape, np.nan), where=reference_rate > 0)
    bad, mean, ranking = evaluate.bad_rate(both), evaluate.mean_probability(both, p), evaluate.auc_of(both)
    return GroupFairness(
        group=name,
        rows=int(number),
        bads=int(bads),
        judged=True,
        approval_rate=rate_interval(float(rate[0]), number, rate[1:]),
        approval_ratio=normal_interval(float(ratio[0]), ratio[1:], lowest=0.0),
        good_approval_rate=rate_interval(float(good[0]), number - bads, good[1:]),
        opportunity_difference=_signed(good - reference_good),
        bad_rate=rate_interval(float(bad[0]), number, bad[1:]),
        mean_probability=normal_interval(float(mean[0]), mean[1:], lowest=0.0, highest=1.0),
        calibration_gap=_signed(mean - bad),
        auc=normal_interval(float(ranking[0]), ranking[1:], lowest=0.0, highest=1.0),
    )


def _signed(values: Floats) -> Interval | None:
    return normal_interval(float(values[0]), values[1:], lowest=-1.0, highest=1.0)


def _approval(counts: Floats, approved: Flags) -> Floats:
    """Return the share of the counts (last axis: scores) at approved scores."""
    total = counts.sum(axis=-1)
    none: Floats = np.full(total.shape, np.nan)
    share: Floats = np.divide(counts[..., approved].sum(axis=-1), total, out=none, where=total > 0)
    return share


def _encode(values: pa.Array | pa.ChunkedArray) -> tuple[Sequence[str], Integers]:
    """Return the values in order, an empty name for the unknown after them, and each row's place among all."""
    names = sorted(pc.unique(values.cast(pa.string())).drop_null().to_pylist())
    place = pc.fill_null(
        pc.index_in(values.cast(pa.string()), value_set=pa.array(names, pa.string()), skip_nulls=True), len(names)
    )
    places: Integers = place.to_numpy(zero_copy_only=False).astype(np.int64)
    return [*names, ""], places
