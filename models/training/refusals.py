"""What a training refuses before it learns anything: dates out of order, labels too young, outcomes too few."""

from __future__ import annotations

import numpy as np

from contracts.errors import TrainingRefusedError
from models.label import matures_on
from models.training.data import TrainingData
from models.training.rows import SplitRows, TrainingRows
from models.validation.intervals import Interval

MIN_ROWS = 500
"""Fewest labelled rows to train on: below it a bin of 50 rows is a tenth of the data."""

MIN_OUTCOMES = 100
"""Fewest different consumers with a bad, and with a good, outcome to train on: ten an input of a small scorecard
(Peduzzi et al., 1996). One consumer who is bad as of three dates is still one."""

MIN_VALIDATION_OUTCOMES = 20
"""Fewest bad, and fewest good, unseen consumers to validate on: below it an AUC says nothing."""

CHANCE = 0.5
"""AUC of a coin."""


def refuse_dates(data: TrainingData, horizon_months: int) -> None:
    """Raise TrainingRefusedError unless every validation date is later than every training date, and all matured."""
    dates, later = ([sample.as_of for sample in samples] for samples in (data.samples, data.validation))
    repeated = len({*dates, *later}) != len(dates) + len(later)
    if not dates or not later or repeated or max(dates) >= min(later):
        raise TrainingRefusedError(
            "training needs distinct dates, all before the validation dates "
            f"({', '.join(map(str, later)) or 'none'}): got {', '.join(map(str, dates)) or 'none'}"
        )
    known_from = matures_on(max(later), horizon_months)
    if data.observed_until < known_from:
        raise TrainingRefusedError(
            f"labels as of {max(later)} can be computed from {known_from} on; the data ends on {data.observed_until}"
        )


def refuse_thin(rows: SplitRows) -> None:
    """Raise TrainingRefusedError, with all the counts, where there are too few outcomes to learn or to measure."""
    training = (rows.fit, rows.calibration, rows.unseen)
    number = sum(len(part.is_bad) for part in training)
    # A consumer is in one part alone, so that the parts' consumers add up.
    bads, goods = (sum(_consumers(part, outcome) for part in training) for outcome in (True, False))
    late_bads, late_goods = (_consumers(rows.strict, outcome) for outcome in (True, False))
    problems = []
    if number < MIN_ROWS:
        problems.append(f"{number} labelled rows with data, at least {MIN_ROWS} needed")
    if min(bads, goods) < MIN_OUTCOMES:
        problems.append(f"{bads} bad and {goods} good consumers, at least {MIN_OUTCOMES} of each needed")
    if min(late_bads, late_goods) < MIN_VALIDATION_OUTCOMES:
        problems.append(
            f"validation has {late_bads} bad and {late_goods} good unseen consumers, "
            f"at least {MIN_VALIDATION_OUTCOMES} of each needed"
        )
    if problems:
        counts = (*rows.fit.counts, *rows.strict.counts)
        each = "; ".join(f"{c.as_of}: {c.rows} rows, {c.bads} bad" for c in counts)
        raise TrainingRefusedError(f"too few matured labels: {'; '.join(problems)} ({each})")


def refuse_noise(ranking: Interval | None) -> None:
    """Raise TrainingRefusedError if a fit ranks consumers that it has not seen no better than chance may.

    ``ranking`` is its AUC on the calibration consumers, with its interval.
    """
    if ranking is None or ranking.low <= CHANCE:
        raise TrainingRefusedError("no input tells good from bad: no model was trained")


def _consumers(rows: TrainingRows, outcome: bool) -> int:
    return len(np.unique(rows.consumer[rows.is_bad == outcome]))
