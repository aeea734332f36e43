"""The calendar of a population: its months, and instants within them.

Instants fall between 07:00 and 23:00 at UTC-3, which is the same São Paulo day whether daylight saving
time is in force or not, so that "registered in month m" means the same to every cutoff.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from contracts.reference_date import cutoff_utc

IntArray = npt.NDArray[np.int64]
InstantArray = npt.NDArray[np.datetime64]

WARM_UP_MONTHS = 6
"""Months before the period in which debts and incomes already begin, so that the period starts full."""

LOOK_AHEAD_MONTHS = 13
_FIRST_MILLISECOND = (7 + 3) * 3_600_000
_DAY_MILLISECONDS = 16 * 3_600_000
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class MonthGrid:
    """The months of a population, by index: 0 is the first warm-up month, ``first`` the period's first.

    ``count`` months end in the month of ``as_of``.
    """

    as_of: date
    months: int

    @property
    def first(self) -> int:
        """Return the index of the period's first month."""
        return WARM_UP_MONTHS

    @property
    def count(self) -> int:
        """Return how many months have a state: warm-up and period."""
        return WARM_UP_MONTHS + self.months

    @cached_property
    def starts(self) -> InstantArray:
        """Return the first day of every month and of the look-ahead's, as datetime64[D]."""
        last = self.as_of.year * 12 + self.as_of.month - 1 - 1970 * 12
        indexes = np.arange(last - self.count + 1, last + 1 + LOOK_AHEAD_MONTHS)
        return indexes.astype("datetime64[M]").astype("datetime64[D]")

    @cached_property
    def lengths(self) -> IntArray:
        """Return the days of every month in ``starts`` but the last."""
        return np.diff(self.starts).astype(np.int64)

    @cached_property
    def calendar_months(self) -> IntArray:
        """Return each month's number in its year, 1 to 12."""
        return self.starts.astype("datetime64[M]").astype(np.int64) % 12 + 1

    @cached_property
    def cutoff(self) -> np.datetime64:
        """Return the first instant after ``as_of``, naive UTC, in milliseconds."""
        return np.datetime64(cutoff_utc(self.as_of), "ms")

    @cached_property
    def reference_dates(self) -> tuple[date, ...]:
        """Return the month-ends of the period that lie no later than ``as_of``."""
        ends = [(start - _DAY).item() for start in self.starts[self.first + 1 : self.count + 1]]
        return tuple(end for end in ends if end <= self.as_of)

    def month_of(self, days: InstantArray) -> IntArray:
        """Return the month index of days (datetime64[D]); negative before the warm-up."""
        months = days.astype("datetime64[M]").astype(np.int64)
        return months - self.starts[:1].astype("datetime64[M]").astype(np.int64)

    def instants(self, rng: np.random.Generator, month: IntArray, day: IntArray | None = None) -> InstantArray:
        """Return instants (datetime64[ms]) in the months, on the given days (1..) or on random ones."""
        length = self.lengths[month]
        if day is None:
            day = (rng.random(len(month)) * length).astype(np.int64) + 1
        days = self.starts[month] + (np.minimum(day, length) - 1) * _DAY
        return at_random_time(rng, days)

    def is_known(self, instants: InstantArray) -> npt.NDArray[np.bool_]:
        """Return which instants lie before the cutoff of ``as_of``."""
        return instants < self.cutoff


def at_random_time(rng: np.random.Generator, days: InstantArray) -> InstantArray:
    """Return an instant (datetime64[ms]) on each São Paulo day (datetime64[D])."""
    milliseconds = rng.integers(_FIRST_MILLISECOND, _FIRST_MILLISECOND + _DAY_MILLISECONDS, len(days))
    instants: InstantArray = days.astype("datetime64[ms]") + milliseconds.astype("timedelta64[ms]")
    return instants
