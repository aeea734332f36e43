"""The figures of one set of judged rows, each with its interval: ranking, calibration, bands, deciles, months.

Enters ``JudgedRows``; leaves ``SetFigures``, which a registered model keeps (``metricas.json``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.score_terms import BAND_UPPER_SCORES, SCORE_MAX, SCORE_MIN
from models.validation import evaluate
from models.validation.evaluate import GROUPS, Counts, Floats, Integers
from models.validation.intervals import Interval, Resampling, normal_interval, rate_interval
from models.validation.judged import JudgedRows
from models.validation.months import MonthFigures, MonthTrend, measure_months

CURVE_GROUPS = 20
"""Points of a calibration curve: a twentieth of the rows each."""

CURVE_POINTS = 200
"""Most points kept of the two score distributions, from which ROC, precision-recall and KS are drawn."""

HISTOGRAM_STEP = 20
"""Points of score a bar of the distribution by outcome."""


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """Rows of one band, decile or point of the calibration curve; rates are None where it holds no row."""

    group: str
    rows: int
    bads: int
    bad_rate: Interval | None
    mean_probability: Interval | None
    lowest_score: int | None
    highest_score: int | None


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Good and bad rows by score: of ``Curve`` those up to each score, of a histogram those from each on."""

    scores: tuple[int, ...]
    goods: tuple[int, ...]
    bads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetFigures:
    """All figures of one set of rows; None where there is only one outcome and both are needed.

    ``ece`` is the plain expected calibration error over ten equal groups by score, which noise alone makes greater
    than the truth; ``ece_debiased`` has the noise that the replicates show in each group taken off.
    ``calibration_slope`` is 1 and ``calibration_level`` 0 where probabilities are right (``evaluate``).
    """

    rows: int
    consumers: int
    bads: int
    auc: Interval | None
    gini: Interval | None
    ks: Interval | None
    average_precision: Interval | None
    brier: Interval | None
    log_loss: Interval | None
    ece: Interval | None
    ece_debiased: Interval | None
    bad_rate: Interval | None
    mean_probability: Interval | None
    calibration_gap: Interval | None
    calibration_slope: Interval | None
    calibration_level: Interval | None
    bands: tuple[GroupFigures, ...]
    deciles: tuple[GroupFigures, ...]
    curve: tuple[GroupFigures, ...]
    months: tuple[MonthFigures, ...]
    trend: MonthTrend | None
    below: ScoreCounts
    histogram: ScoreCounts


def measure_set(rows: JudgedRows, *, seed: int, resampling: Resampling | None = None) -> SetFigures:
    """Return the figures of a set of rows; ``resampling`` is that of its consumers, if it has been drawn already."""
    resampling = resampling or Resampling(rows.consumer, seed=seed)
    dates, month = rows.months
    size = len(rows.scores)
    by_month = resampling.counts(rows.cells(month), 2 * len(dates) * size).reshape(-1, len(dates), size, 2)
    counts, replicates, p = rows.counts, by_month.sum(axis=1), rows.score_probability
    months, trend = measure_months(rows, by_month)
    return SetFigures(
        rows=len(rows),
        consumers=resampling.consumers,
        bads=int(counts[:, 1].sum()),
        **_headline(counts, replicates, p),
        bands=_measure_groups(rows, replicates, _band(rows.scores), [band.value for band, _ in BAND_UPPER_SCORES]),
        deciles=_measure_groups(rows, replicates, _equal(counts, GROUPS), _numbers(GROUPS)),
        curve=_measure_groups(rows, replicates, _equal(counts, CURVE_GROUPS), _numbers(CURVE_GROUPS)),
        months=months,
        trend=trend,
        below=_below(rows),
        histogram=_histogram(rows),
    )


def _headline(counts: Counts, replicates: Counts, p: Floats) -> dict[str, Interval | None]:
    """Return every single figure; the estimate and its replicates come from the same function."""
    both = np.concatenate([counts[None], replicates])
    log_odds = np.log(p) - np.log1p(-p)
    ranking = evaluate.auc_of(both)
    rate, mean = evaluate.bad_rate(both), evaluate.mean_probability(both, p)
    found = {
        "auc": (ranking, 0.0, 1.0),
        "gini": (2 * ranking - 1, -1.0, 1.0),
        "ks": (evaluate.kolmogorov_smirnov(both), 0.0, 1.0),
        "average_precision": (evaluate.average_precision(both), 0.0, 1.0),
        "brier": (evaluate.brier(both, p), 0.0, 1.0),
        "log_loss": (evaluate.log_loss(both, p), 0.0, np.inf),
        "mean_probability": (mean, 0.0, 1.0),
        "calibration_gap": (mean - rate, -1.0, 1.0),
        "calibration_slope": (evaluate.calibration_slope(both, log_odds), -np.inf, np.inf),
        "calibration_level": (evaluate.calibration_level(both, log_odds), -np.inf, np.inf),
    }
    intervals = {
        name: normal_interval(float(values[0]), values[1:], lowest=lowest, highest=highest)
        for name, (values, lowest, highest) in found.items()
    }
    gaps = evaluate.group_gaps(both, p, _equal(counts, GROUPS))
    error = evaluate.calibration_error(gaps)
    noise = evaluate.noise_in_gaps(gaps[0], np.nanstd(gaps[1:], axis=0))
    return {
        **intervals,
        "bad_rate": rate_interval(float(rate[0]), counts.sum(), rate[1:]),
        "ece": normal_interval(float(error[0]), error[1:], lowest=0.0, highest=1.0),
        "ece_debiased": normal_interval(max(0.0, float(error[0]) - noise), error[1:], lowest=0.0, highest=1.0),
    }


def _measure_groups(
    rows: JudgedRows, replicates: Counts, group: Integers, names: list[str]
) -> tuple[GroupFigures, ...]:
    """Return the figures of each group of scores; ``group`` is one a score."""
    p, size = rows.score_probability, len(names)
    both = np.concatenate([rows.counts[None], replicates])
    number, bads = (evaluate.gather(both @ outcome, group, size) for outcome in (np.ones(2), np.array([0.0, 1.0])))
    rate, mean = (
        np.divide(top, number, out=np.full(number.shape, np.nan), where=number > 0)
        for top in (bads, evaluate.gather(both.sum(axis=-1) * p, group, size))
    )
    return tuple(
        GroupFigures(
            group=name,
            rows=int(number[0, i]),
            bads=int(bads[0, i]),
            bad_rate=rate_interval(float(rate[0, i]), number[0, i], rate[1:, i]),
            mean_probability=normal_interval(float(mean[0, i]), mean[1:, i], lowest=0.0, highest=1.0),
            **_score_range(rows.scores[group == i]),
        )
        for i, name in enumerate(names)
    )


def _score_range(scores: Integers) -> dict[str, int | None]:
    """Return the lowest and the highest published score among raw ones."""
    lowest, highest = (
        (int(np.clip(end, SCORE_MIN, SCORE_MAX)) for end in (scores[0], scores[-1])) if len(scores) else (None, None)
    )
    return {"lowest_score": lowest, "highest_score": highest}


def _band(scores: Integers) -> Integers:
    uppers = np.array([upper for _, upper in BAND_UPPER_SCORES])
    return np.searchsorted(uppers, np.clip(scores, SCORE_MIN, SCORE_MAX))


def _equal(counts: Counts, groups: int) -> Integers:
    return evaluate.equal_groups(counts.sum(axis=1), groups)


def _numbers(groups: int) -> list[str]:
    return [str(number) for number in range(1, groups + 1)]


def _below(rows: JudgedRows) -> ScoreCounts:
    """Return the rows up to each of at most ``CURVE_POINTS`` scores, the last score always among them."""
    below = np.cumsum(rows.counts, axis=0)
    total = below.sum(axis=1)
    kept = np.unique(np.searchsorted(total, np.linspace(0, total[-1], CURVE_POINTS)))
    return _score_counts(rows.scores[kept], below[kept])


def _histogram(rows: JudgedRows) -> ScoreCounts:
    """Return the rows by published score, in steps of ``HISTOGRAM_STEP``; the last step holds the highest score."""
    starts = np.arange(SCORE_MIN, SCORE_MAX, HISTOGRAM_STEP)
    step = np.minimum((np.clip(rows.scores, SCORE_MIN, SCORE_MAX) - SCORE_MIN) // HISTOGRAM_STEP, len(starts) - 1)
    counts = [np.bincount(step, weights=rows.counts[:, outcome], minlength=len(starts)) for outcome in (0, 1)]
    return _score_counts(starts, np.stack(counts, axis=1))


def _score_counts(scores: Integers, counts: Counts) -> ScoreCounts:
    goods, bads = counts.astype(np.int64).T.tolist()
    return ScoreCounts(tuple(scores.tolist()), tuple(goods), tuple(bads))
