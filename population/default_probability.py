"""The true probability of default, exactly: a backward recursion over the hidden state's future.

Given the trait, the state at a month-end T and the debts contracted by T and due after it, the chance of
no default within twelve months is the mean, over the state's future paths, of

    prod over months d in T+1..T+12 of (1 - b(s_d)) ** n_d * exp(-(L_d + l(s_{d-1})) * b(s_d))

where b is the chance that a debt due in month d stays unpaid for more than 90 days, n_d counts the
eligible debts already contracted and due in month d, L_d is the Poisson mean of those that long contracts
made after T will add, and l(s) that of short contracts, made in month d-1 (after T) and due in month d.
Paid or unpaid, debts are independent given the path, so the recursion is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from population.latent import LatentRisk
from population.months import MonthGrid

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

HORIZON_MONTHS = 12
"""The default label's horizon."""

MIN_DEBT_CENTS = 10_000
"""The smallest debt that can make a default."""

LONGEST_TERM = 6
TERM_WEIGHTS = np.array([0.30, 0.22, 0.16, 0.12, 0.10, 0.10])
"""Share of long contracts due 1 to 6 months after the month in which they are made."""

_SEASON = np.array([1.05, 0.90, 0.95, 0.95, 1.02, 0.98, 0.97, 1.0, 0.95, 1.0, 1.13, 1.20])
_UNPAID_LOGIT = np.array([-4.55, -3.85, -3.05, -2.1, -1.15])
_TRAIT_ON_UNPAID = 0.25
_LONG_PER_MONTH = 0.12
_SHORT_PER_MONTH = np.array([0.07, 0.08, 0.11, 0.15, 0.19])
_TRAIT_ON_LONG = 0.15
_TRAIT_ON_SHORT = 0.15
LONG_ELIGIBLE_SHARE = 0.93
SHORT_ELIGIBLE_SHARE = 0.78


@dataclass(frozen=True, slots=True)
class DebtRates:
    """How n consumers contract and fail debts.

    ``long_rate`` (n,) contracts a month before the season; ``short_rate`` (n, 5) by the state of the month
    of contracting; ``unpaid`` (n, 5) chance of staying unpaid over 90 days by the state of the due month.
    """

    long_rate: FloatArray
    short_rate: FloatArray
    unpaid: FloatArray


def debt_rates(trait: FloatArray, activity: FloatArray) -> DebtRates:
    """Return the rates of consumers with a risk trait and a level of activity (0: never any debt)."""
    long_rate = _LONG_PER_MONTH * activity * np.exp(_TRAIT_ON_LONG * trait)
    short_rate = (activity * np.exp(_TRAIT_ON_SHORT * trait))[:, None] * _SHORT_PER_MONTH
    logit = _UNPAID_LOGIT + _TRAIT_ON_UNPAID * trait[:, None]
    return DebtRates(long_rate, short_rate, 1.0 / (1.0 + np.exp(-logit)))


def season_of(calendar_months: IntArray) -> FloatArray:
    """Return the factor on long contracts in each calendar month (1 to 12)."""
    return _SEASON[calendar_months - 1]


def default_probabilities(risk: LatentRisk, rates: DebtRates, contracted: IntArray, grid: MonthGrid) -> FloatArray:
    """Return the true probability at each of ``grid.reference_dates``, shape ``(n, dates)``.

    ``contracted`` (n, months, 6) counts eligible contracts by month made and by months until due (1 to 6).
    """
    dates = np.arange(grid.first, grid.first + len(grid.reference_dates))
    known = _known_debts(contracted, dates)
    future = _future_debts(grid, dates)
    log_paid = np.log1p(-rates.unpaid)
    short = np.exp(-SHORT_ELIGIBLE_SHARE * rates.short_rate[:, :, None] * rates.unpaid[:, None, :])
    later_step = (risk.transition * short).transpose(0, 2, 1)
    first_step = risk.transition.transpose(0, 2, 1)
    long_mean = LONG_ELIGIBLE_SHARE * rates.long_rate[:, None] * rates.unpaid
    survival = np.ones((len(risk.trait), len(dates), log_paid.shape[1]))
    for lag in range(HORIZON_MONTHS, 0, -1):
        exponent = -future[:, lag][None, :, None] * long_mean[:, None, :]
        if lag <= LONGEST_TERM:
            exponent += known[:, :, lag - 1, None] * log_paid[:, None, :]
        survival = (np.exp(exponent) * survival) @ (first_step if lag == 1 else later_step)
    state = risk.states[:, dates]
    return np.clip(1.0 - np.take_along_axis(survival, state[:, :, None], axis=2)[:, :, 0], 0.0, 1.0)


def _known_debts(contracted: IntArray, dates: IntArray) -> IntArray:
    """Return counts (n, dates, 6) of debts made by each date and due 1 to 6 months after it."""
    known = np.zeros((len(contracted), len(dates), LONGEST_TERM), dtype=np.int64)
    for age in range(LONGEST_TERM):
        made = np.maximum(dates - age, 0)
        known[:, :, : LONGEST_TERM - age] += contracted[:, made, age:] * (dates >= age)[None, :, None]
    return known


def _future_debts(grid: MonthGrid, dates: IntArray) -> FloatArray:
    """Return L (dates, 13): the mean number, for a rate of 1, made after each date and due ``lag`` later."""
    terms = TERM_WEIGHTS / TERM_WEIGHTS.sum()
    season = season_of(grid.calendar_months)
    means = np.zeros((len(dates), HORIZON_MONTHS + 1))
    for lag in range(2, HORIZON_MONTHS + 1):
        for term in range(1, min(LONGEST_TERM, lag - 1) + 1):
            means[:, lag] += season[dates + lag - term] * terms[term - 1]
    return means
