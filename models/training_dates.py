"""Which reference dates to train on: several past dates, and a later one to validate on, all with known labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from contracts.errors import UsageError
from contracts.reference_date import add_months, last_month_end
from models.label import latest_labelled_date

DEFAULT_TRAINING_DATES = 3
DEFAULT_STEP_MONTHS = 3
"""Quarterly dates: far enough apart that a consumer's rows differ, close enough that the past resembles today."""


@dataclass(frozen=True, slots=True)
class TrainingDates:
    """Reference dates, oldest first, and the out-of-time date after them."""

    training: tuple[date, ...]
    validation: date

    @property
    def all(self) -> tuple[date, ...]:
        """Return every date, oldest first."""
        return (*self.training, self.validation)


def plan_training_dates(
    observed_until: date,
    *,
    horizon_months: int,
    dates: int = DEFAULT_TRAINING_DATES,
    step_months: int = DEFAULT_STEP_MONTHS,
) -> TrainingDates:
    """Return the latest month's end with a known label, to validate on, and ``dates`` earlier ones to train on.

    >>> plan_training_dates(date(2025, 6, 29), horizon_months=12, dates=2).all
    (datetime.date(2023, 9, 30), datetime.date(2023, 12, 31), datetime.date(2024, 3, 31))
    """
    if dates < 1 or step_months < 1:
        raise UsageError("training needs at least one date and steps of at least one month")
    validation = last_month_end(latest_labelled_date(observed_until, horizon_months))
    month_after = validation + timedelta(days=1)
    training = (add_months(month_after, -step_months * back) - timedelta(days=1) for back in range(dates, 0, -1))
    return TrainingDates(tuple(training), validation)
