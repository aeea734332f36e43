"""Who the consumers are: age, sex, place, income level, registration, and the risk trait they start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from population.cpf_numbers import CpfIssuer
from population.identifiers import random_uuids, to_text
from population.latent import draw_trait
from population.months import InstantArray, IntArray, MonthGrid, at_random_time
from population.parameters import BLOCK_SIZE
from population.places import STATES
from population.raw_schema import draw_index

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

AGE_BANDS: tuple[tuple[int, int, float], ...] = (
    (18, 20, 5.9), (20, 25, 15.3), (25, 30, 15.5), (30, 35, 15.6), (35, 40, 16.3), (40, 45, 16.2), (45, 50, 14.0),
    (50, 55, 12.9), (55, 60, 11.7), (60, 65, 10.1), (65, 70, 8.1), (70, 75, 5.9), (75, 80, 3.9), (80, 85, 2.4),
    (85, 90, 1.3), (90, 96, 0.6),
)  # fmt: skip
"""Residents of 18 to 95 years by age band, in millions (IBGE, Censo 2022, rounded)."""

FEMALE_SHARE = 0.515
THIN_FILE_SHARE = 0.03
_RECENT_SHARE = 0.10
_OLDEST_REGISTRATION_DAYS = 12 * 365
_MEDIAN_INCOME = 2_150.0
_INCOME_SPREAD = 0.62
_ACTIVITY_SPREAD = 0.12
_YEAR_DAYS = 365.2425


@dataclass(frozen=True)
class Consumers:
    """One block's consumers, always ``BLOCK_SIZE`` of them, whatever the population's size.

    ``age`` in years at ``as_of``; ``state`` indexes ``places.STATES``; ``entry`` is the month of
    registration (-1: before the warm-up), activity starts in the next; ``monthly_income`` in reais is what
    a full income would bring; a ``is_thin`` consumer never has a record besides the registration.
    """

    numbers: IntArray
    ids: pa.Array
    cpfs: pa.Array
    is_female: BoolArray
    age: FloatArray
    birth: InstantArray
    state: IntArray
    registered: InstantArray
    entry: IntArray
    is_thin: BoolArray
    monthly_income: FloatArray
    trait: FloatArray
    activity: FloatArray

    def active(self, grid: MonthGrid) -> BoolArray:
        """Return in which months each consumer leaves records, shape ``(n, months)``."""
        months = np.arange(grid.count)
        return (months > self.entry[:, None]) & ~self.is_thin[:, None]


def draw_consumers(rng: np.random.Generator, block: int, issuer: CpfIssuer, grid: MonthGrid) -> Consumers:
    """Return the consumers of a block."""
    numbers = np.arange(block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE, dtype=np.int64)
    count = len(numbers)
    ids = random_uuids(rng, count)
    age = _draw_ages(rng, count)
    as_of = np.datetime64(grid.as_of, "D")
    birth = as_of - (age * _YEAR_DAYS).astype("timedelta64[D]")
    state = _draw_states(rng, issuer.regions(numbers))
    income_score = rng.standard_normal(count)
    level = np.array([place.income_level for place in STATES])[state]
    registered_day = _draw_registration_days(rng, grid, birth)
    trait = draw_trait(rng, age, income_score)
    is_thin = rng.random(count) < THIN_FILE_SHARE
    activity = np.exp(_ACTIVITY_SPREAD * rng.standard_normal(count) - _ACTIVITY_SPREAD**2 / 2)
    return Consumers(
        numbers=numbers,
        ids=ids,
        cpfs=to_text(issuer.cpfs(numbers)),
        is_female=rng.random(count) < FEMALE_SHARE,
        age=age,
        birth=birth,
        state=state,
        registered=at_random_time(rng, registered_day),
        entry=np.maximum(grid.month_of(registered_day), -1),
        is_thin=is_thin,
        monthly_income=_MEDIAN_INCOME * level * _age_factor(age) * np.exp(_INCOME_SPREAD * income_score),
        trait=trait,
        activity=np.where(is_thin, 0.0, activity),
    )


def _draw_ages(rng: np.random.Generator, count: int) -> FloatArray:
    lower, upper, people = (np.array(column) for column in zip(*AGE_BANDS, strict=True))
    band = draw_index(rng, people, count)
    ages: FloatArray = lower[band] + rng.random(count) * (upper - lower)[band] + 0.01
    return ages


def _draw_states(rng: np.random.Generator, regions: IntArray) -> IntArray:
    state = np.empty(len(regions), dtype=np.int64)
    for region in range(10):
        members = np.array([i for i, place in enumerate(STATES) if place.fiscal_region == region])
        chosen = regions == region
        weights = [STATES[i].residents for i in members]
        state[chosen] = members[draw_index(rng, weights, int(chosen.sum()))]
    return state


def _draw_registration_days(rng: np.random.Generator, grid: MonthGrid, birth: InstantArray) -> InstantArray:
    """Most were registered in the twelve years before the period; some join in it; nobody before 18."""
    count = len(birth)
    as_of = np.datetime64(grid.as_of, "D")
    start = grid.starts[grid.first]
    period = int((as_of - start).astype(np.int64)) + 1
    before = start - (1 + rng.random(count) * _OLDEST_REGISTRATION_DAYS).astype("timedelta64[D]")
    during = start + (rng.random(count) * period).astype("timedelta64[D]")
    day = np.where(rng.random(count) < _RECENT_SHARE, during, before)
    adult = birth + np.timedelta64(int(18 * _YEAR_DAYS) + 1, "D")
    registered: InstantArray = np.minimum(np.maximum(day, adult), as_of)
    return registered


def _age_factor(age: FloatArray) -> FloatArray:
    """Income rises to the late forties and falls a little after."""
    return np.clip(0.62 + 0.017 * (age - 18.0), 0.62, 1.15) - 0.006 * np.clip(age - 55.0, 0.0, 30.0)
