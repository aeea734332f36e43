"""Which reference dates to train on: several past dates, and later ones to validate on, all with known labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from contracts.errors import UsageError
from contracts.reference_date import add_months, last_month_end
from models.label import latest_labelled_date

DEFAULT_TRAINING_DATES = 3
DEFAULT_STEP_MONTHS = 3
"""Quarterly dates: far enough apart that a consumer's rows differ, close enough that the past resembles today."""

DEFAULT_VALIDATION_MONTHS = 3
"""Months out of time: enough to see whether figures hold from month to month, few enough to leave history to train
on. Of 36 months of history and a horizon of 12 months and 90 days, three training dates leave 12 months of history
behind the first, which the features' longest window asks for."""


@dataclass(frozen=True, slots=True)
class TrainingDates:
    """Reference dates to train on, and the out-of-time dates after them; both oldest first."""

    training: tuple[date, ...]
    validation: tuple[date, ...]

    @property
    def all(self) -> tuple[date, ...]:
        """Return every date, oldest first."""
        return (*self.training, *self.validation)


def plan_training_dates(
    observed_until: date,
    *,
    horizon_months: int,
    dates: int = DEFAULT_TRAINING_DATES,
    step_months: int = DEFAULT_STEP_MONTHS,
    validation_months: int = DEFAULT_VALIDATION_MONTHS,
) -> TrainingDates:
    """Return the last month-ends with known labels, to validate on, and ``dates`` earlier ones to train on.

    The latest training date is the month-end before the first validation date, the others ``step_months`` apart.

    >>> planned = plan_training_dates(date(2025, 12, 31), horizon_months=12, dates=2)
    >>> [day.isoformat() for day in planned.training]
    ['2024-03-31', '2024-06-30']
    >>> [day.isoformat() for day in planned.validation]
    ['2024-07-31', '2024-08-31', '2024-09-30']
    """
    if min(dates, step_months, validation_months) < 1:
        raise UsageError("training needs at least one date, one month to validate on, and steps of at least one month")
    last = last_month_end(latest_labelled_date(observed_until, horizon_months))
    training = (_months_before(last, validation_months + step_months * back) for back in range(dates - 1, -1, -1))
    validation = (_months_before(last, back) for back in range(validation_months - 1, -1, -1))
    return TrainingDates(tuple(training), tuple(validation))


def _months_before(month_end: date, months: int) -> date:
    """Return the end of the month that lies ``months`` before a month's end."""
    return add_months(month_end + timedelta(days=1), -months) - timedelta(days=1)
