"""Whether a model holds from month to month: its figures at each reference date, and the way of its Gini over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.validation import evaluate
from models.validation.evaluate import Counts, Floats
from models.validation.intervals import Interval, normal_interval, rate_interval
from models.validation.judged import Days, JudgedRows

MIN_MONTHS = 2
"""Fewest months that have a slope."""


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """Figures as of one reference date (ISO)."""

    as_of: str
    rows: int
    bads: int
    gini: Interval | None
    ks: Interval | None
    bad_rate: Interval | None
    mean_probability: Interval | None


@dataclass(frozen=True, slots=True)
class MonthTrend:
    """Gini over the months: its change a month (least squares, each date alike), and the highest less the lowest.

    The spread of a model that does not change is not 0: each month has its own noise, as its interval shows.
    """

    months: int
    gini_slope: Interval | None
    gini_spread: Interval | None


def measure_months(rows: JudgedRows, replicates: Counts) -> tuple[tuple[MonthFigures, ...], MonthTrend | None]:
    """Return the figures of each date and their trend; ``replicates`` has the shape (replicates, dates, scores, 2)."""
    dates, month = rows.months
    size, p = len(rows.scores), rows.score_probability
    cells = np.bincount(rows.cells(month), minlength=2 * len(dates) * size)
    counts = cells.reshape(1, len(dates), size, 2).astype(np.float64)
    both = np.concatenate([counts, replicates])
    gini, ks = 2 * evaluate.auc_of(both) - 1, evaluate.kolmogorov_smirnov(both)
    rate, mean = evaluate.bad_rate(both), evaluate.mean_probability(both, p)
    found = tuple(
        MonthFigures(
            as_of=str(day),
            rows=int(counts[0, i].sum()),
            bads=int(counts[0, i, :, 1].sum()),
            gini=normal_interval(float(gini[0, i]), gini[1:, i], lowest=-1.0, highest=1.0),
            ks=normal_interval(float(ks[0, i]), ks[1:, i], lowest=0.0, highest=1.0),
            bad_rate=rate_interval(float(rate[0, i]), counts[0, i].sum(), rate[1:, i]),
            mean_probability=normal_interval(float(mean[0, i]), mean[1:, i], lowest=0.0, highest=1.0),
        )
        for i, day in enumerate(dates)
    )
    return found, _trend(dates, gini)


def _trend(dates: Days, gini: Floats) -> MonthTrend | None:
    """Return the trend of the Gini of the dates that have one; the first line of ``gini`` is the estimate."""
    there = np.isfinite(gini[0])
    if there.sum() < MIN_MONTHS:
        return None
    number = dates[there].astype("datetime64[M]").astype(np.int64).astype(np.float64)
    number -= number.mean()
    slope = (gini[:, there] * number).sum(axis=1) / (number**2).sum() if number.any() else np.full(len(gini), np.nan)
    spread = gini[:, there].max(axis=1) - gini[:, there].min(axis=1)
    return MonthTrend(
        months=int(there.sum()),
        gini_slope=normal_interval(float(slope[0]), slope[1:]),
        gini_spread=normal_interval(float(spread[0]), spread[1:], lowest=0.0, highest=2.0),
    )
