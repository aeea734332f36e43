"""How good a model was, once outcomes are known: counts of good and bad rows by raw score, and figures from them.

A run holds one row a consumer, so that a bootstrap over consumers draws each count by score and outcome anew from
a Poisson distribution: memory is that of the scores, whatever the number of consumers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contracts.errors import DataIntegrityError
from contracts.score_scale import BAND_UPPER_SCORES, SCORE_MAX, SCORE_MIN
from models.points.scaling import ScoreScale
from models.validation.evaluate import Counts, Flags, Floats, Integers, auc_of, bad_rate, brier, mean_probability
from models.validation.intervals import REPLICATES, Interval, normal_interval, rate_interval

BOOTSTRAP_SEED = 20_180_601


@dataclass(frozen=True, slots=True)
class ScoreOutcomes:
    """Rows that turned out good and bad at each raw score, and scored rows of which no outcome is known."""

    goods: Mapping[int, int] = field(default_factory=dict)
    bads: Mapping[int, int] = field(default_factory=dict)
    unknown: int = 0

    def __add__(self, other: ScoreOutcomes) -> ScoreOutcomes:
        """Return the outcomes of both sets of rows."""
        return ScoreOutcomes(_add(self.goods, other.goods), _add(self.bads, other.bads), self.unknown + other.unknown)

    @property
    def rows(self) -> int:
        """Return the rows with a known outcome."""
        return sum(self.goods.values()) + sum(self.bads.values())

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a task hands them over."""
        return {
            "bons": {str(score): rows for score, rows in self.goods.items()},
            "maus": {str(score): rows for score, rows in self.bads.items()},
            "sem_desfecho": self.unknown,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> ScoreOutcomes:
        """Return the counts that ``to_json`` wrote."""
        goods, bads = ({int(score): rows for score, rows in body[name].items()} for name in ("bons", "maus"))
        return cls(goods, bads, body["sem_desfecho"])


@dataclass(frozen=True, slots=True)
class BandOutcome:
    """One band: rows, the observed rate with its 95% interval, and the expected one; None without rows.

    ``deviations`` is by how much more rows were bad than expected, in standard deviations, were defaults independent.
    """

    band: str
    rows: int
    bads: int
    observed: Interval | None
    expected: float | None
    deviations: float


@dataclass(frozen=True, slots=True)
class ObservedPerformance:
    """A model's figures on rows with known outcomes, with 95% intervals over consumers.

    ``auc`` is None with one outcome only. ``unknown`` rows had a score and have no outcome.
    """

    unknown: int
    auc: Interval | None
    brier: float
    whole: BandOutcome
    bands: tuple[BandOutcome, ...]

    @property
    def gini(self) -> float | None:
        """Return twice the AUC less one."""
        return None if self.auc is None else 2 * self.auc.estimate - 1


def count_outcomes(raw: Integers, is_bad: Flags, *, unknown: int) -> ScoreOutcomes:
    """Return the counts of aligned raw scores and outcomes, and of ``unknown`` rows more without an outcome."""
    if len(raw) != len(is_bad):
        raise DataIntegrityError(f"outcomes: {len(is_bad)} for {len(raw)} scores")
    return ScoreOutcomes(_count(raw[~is_bad]), _count(raw[is_bad]), unknown)


def observe_performance(
    outcomes: ScoreOutcomes, scale: ScoreScale, *, seed: int = BOOTSTRAP_SEED
) -> ObservedPerformance | None:
    """Return a model's figures on rows with known outcomes, or None if no row has one."""
    if not outcomes.rows:
        return None
    raw = np.array(sorted({*outcomes.goods, *outcomes.bads}), np.int64)
    sides = (outcomes.goods, outcomes.bads)
    counts = np.array([[side.get(score, 0) for side in sides] for score in raw.tolist()], np.float64)
    probability = scale.probability(raw).astype(np.float64)
    replicates = np.random.default_rng(seed).poisson(counts, (REPLICATES, *counts.shape)).astype(np.float64)
    place = np.searchsorted([upper for _, upper in BAND_UPPER_SCORES], np.clip(raw, SCORE_MIN, SCORE_MAX))
    return ObservedPerformance(
        unknown=outcomes.unknown,
        auc=normal_interval(float(auc_of(counts)), auc_of(replicates), lowest=0.0, highest=1.0),
        brier=float(brier(counts, probability)),
        whole=_outcome("", counts, probability, replicates),
        bands=tuple(
            _outcome(band.value, counts[place == i], probability[place == i], replicates[:, place == i])
            for i, (band, _) in enumerate(BAND_UPPER_SCORES)
        ),
    )


def _outcome(name: str, counts: Counts, probability: Floats, replicates: Counts) -> BandOutcome:
    rows, bads = counts.sum(), counts[:, 1].sum()
    if not rows:
        return BandOutcome(name, 0, 0, None, None, 0.0)
    variance = float((counts.sum(axis=-1) * probability * (1 - probability)).sum())
    return BandOutcome(
        name,
        int(rows),
        int(bads),
        rate_interval(float(bad_rate(counts)), float(rows), bad_rate(replicates)),
        float(mean_probability(counts, probability)),
        float(bads - (counts.sum(axis=-1) * probability).sum()) / math.sqrt(variance),
    )


def _count(raw: Integers) -> dict[int, int]:
    scores, rows = np.unique(raw, return_counts=True)
    return dict(zip(scores.tolist(), rows.tolist(), strict=True))


def _add(left: Mapping[int, int], right: Mapping[int, int]) -> dict[int, int]:
    return dict(sorted((Counter(left) + Counter(right)).items()))
