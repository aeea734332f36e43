"""What passes through consumers' accounts: what comes in each month, what part is spent, which months are known.

The bureau knows an account by the statements that reach it, at regular intervals; a known month holds both what
came in and what went out, so their ratio tells the hidden state. Without the main source money comes in from odd jobs
and family, less of it and less regularly, and some months pass in cash.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from population.incomes import MAIN_KINDS, RETIREMENT, SALARY, SELF_EMPLOYED, Employment
from population.months import IntArray
from population.scene import Scene

FloatArray = npt.NDArray[np.float64]

THIRTEENTH_MONTHS = (11, 12)
"""The 13th salary comes half by the end of November, half by 20 December (Lei 4.749/1965 art. 1 and 2)."""

_STATEMENTS_PER_MONTH = 0.57
_CASH_SHARE = 0.3
_PAY_SPREAD = {SALARY: 0.03, RETIREMENT: 0.03, SELF_EMPLOYED: 0.18}
_OTHER_PAY_SPREAD = 0.10
_WITHOUT_SOURCE = 0.45
_WITHOUT_SOURCE_SPREAD = 0.30
_SPENT = np.array([0.70, 0.85, 1.02, 1.25, 1.50])
_TRAIT_ON_SPENT = 0.06


@dataclass(frozen=True)
class Statements:
    """Accounts of n consumers over the months, every array (n, months).

    ``counts``: credits, and as many debits, of which each month is known. In reais: ``received`` besides the 13th
    salary, the ``thirteenth``, and ``spent``.
    """

    counts: IntArray
    received: FloatArray
    thirteenth: FloatArray
    spent: FloatArray


def draw_statements(rng: np.random.Generator, scene: Scene, employment: Employment) -> Statements:
    """Return the accounts: what is spent is a part of what comes in, little in calm, more than all in distress."""
    counts = _draw_counts(rng, scene, employment)
    received = _draw_received(rng, scene, employment)
    thirteenth = _thirteenth(scene, employment)
    part = _SPENT[scene.risk.states] * np.exp(_TRAIT_ON_SPENT * scene.consumers.trait)[:, None]
    return Statements(counts, received, thirteenth, part * (received + thirteenth))


def _draw_counts(rng: np.random.Generator, scene: Scene, employment: Employment) -> IntArray:
    phase = rng.random(len(scene.consumers.age))
    steps = np.floor(phase[:, None] + _STATEMENTS_PER_MONTH * scene.volume * np.arange(scene.grid.count + 1))
    in_cash = ~employment.pays & (rng.random(employment.pays.shape) < _CASH_SHARE)
    return np.diff(steps, axis=1).astype(np.int64) * (scene.eventful & ~in_cash)


def _draw_received(rng: np.random.Generator, scene: Scene, employment: Employment) -> FloatArray:
    kind = employment.kind
    usual = scene.consumers.monthly_income * np.array([source.share for source in MAIN_KINDS])[kind]
    spread = np.array([_PAY_SPREAD.get(number, _OTHER_PAY_SPREAD) for number in range(len(MAIN_KINDS))])[kind]
    draws = rng.standard_normal(employment.pays.shape)
    paid = np.exp(spread[:, None] * draws)
    unpaid = _WITHOUT_SOURCE * np.exp(_WITHOUT_SOURCE_SPREAD * draws)
    received: FloatArray = usual[:, None] * np.where(employment.pays, paid, unpaid)
    return received


def _thirteenth(scene: Scene, employment: Employment) -> FloatArray:
    calendar = scene.grid.calendar_months[: scene.grid.count]
    formal = np.isin(employment.kind, (SALARY, RETIREMENT))[:, None]
    due = employment.pays & formal & np.isin(calendar, THIRTEENTH_MONTHS)
    thirteenth: FloatArray = due * 0.5 * scene.consumers.monthly_income[:, None]
    return thirteenth
