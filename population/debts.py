"""Debts: contracts, their due dates, and whether they are paid in time, late, or not within 90 days."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.tables import DIVIDA
from population.companies import LONG_CREDITORS, SHORT_CREDITORS, weighted_companies
from population.default_probability import (
    LONG_ELIGIBLE_SHARE,
    LONGEST_TERM,
    MIN_DEBT_CENTS,
    SHORT_ELIGIBLE_SHARE,
    TERM_WEIGHTS,
    season_of,
)
from population.event_columns import spread_counts
from population.identifiers import random_uuids
from population.months import InstantArray, IntArray, at_random_time
from population.raw_schema import choose, decimals, draw_index, nullable_instants, raw_table
from population.scene import Scene

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_DUE_DAYS = np.array([5, 8, 10, 12, 15, 18, 20, 22, 25, 28])
_LATE_LOGIT = np.array([-2.8, -1.9, -0.5, 0.7, 1.6])
_TRAIT_ON_LATE = 1.0
_LATE_MEAN_DAYS = np.array([5.0, 8.0, 16.0, 28.0, 36.0])
_LONGEST_LATENESS = 80
_NEVER_PAID_LOGIT = -1.0
_TRAIT_ON_NEVER_PAID = 0.9
_SHORTEST_ARREARS, _LONGEST_ARREARS = 95, 365
_LOG_MEDIAN_LONG, _LOG_MEDIAN_SHORT = np.log(650.0), np.log(170.0)
_SPREAD_LONG, _SPREAD_SHORT = 0.85, 0.55
_MAX_CENTS = 20_000_000
_SMALLEST_CENTS = 1_500
_LEGACY_SHARE = 0.03
_LEGACY_YEARS = 8
_YEAR_DAYS = 365
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Contracts:
    """Debts of a block: the consumer's row, the months made and due, what kind, whether it can make a default."""

    owner: IntArray
    made: IntArray
    due: IntArray
    is_short: BoolArray
    is_eligible: BoolArray

    def eligible_counts(self, consumers: int, months: int) -> IntArray:
        """Return counts (consumers, months, 6) of eligible debts by month made and months until due."""
        counts = np.zeros((consumers, months, LONGEST_TERM), dtype=np.int64)
        chosen = self.is_eligible
        np.add.at(counts, (self.owner[chosen], self.made[chosen], (self.due - self.made)[chosen] - 1), 1)
        return counts


@dataclass(frozen=True)
class _DebtRows:
    """Debts by column: consumer row, registration, due day, payment (NaT: none), cents, short or long."""

    owner: IntArray
    registered: InstantArray
    due: InstantArray
    paid: InstantArray
    cents: IntArray
    is_short: BoolArray


def draw_contracts(rng: np.random.Generator, scene: Scene) -> Contracts:
    """Return the debts that are contracted in the months that have a state, ordered by consumer and month."""
    rates, active = scene.rates, scene.active
    season = season_of(scene.grid.calendar_months[: scene.grid.count])
    long_counts = rng.poisson(rates.long_rate[:, None] * season * active)
    short_counts = rng.poisson(np.take_along_axis(rates.short_rate, scene.risk.states, axis=1) * active)
    long_owner, long_made = spread_counts(long_counts)
    short_owner, short_made = spread_counts(short_counts)
    term = 1 + draw_index(rng, TERM_WEIGHTS, len(long_owner))
    is_short = np.repeat([False, True], [len(long_owner), len(short_owner)])
    owner = np.concatenate([long_owner, short_owner])
    made = np.concatenate([long_made, short_made])
    due = np.concatenate([long_made + term, short_made + 1])
    share = np.where(is_short, SHORT_ELIGIBLE_SHARE, LONG_ELIGIBLE_SHARE)
    is_eligible = rng.random(len(owner)) < share
    order = np.lexsort((made, owner))
    return Contracts(owner[order], made[order], due[order], is_short[order], is_eligible[order])


def debts_table(rng: np.random.Generator, contracts: Contracts, scene: Scene) -> tuple[pa.Table, IntArray]:
    """Return the known rows of ``divida`` and the consumer row of each: registered and paid by ``as_of``."""
    grid, consumers = scene.grid, scene.consumers
    rows = _concatenate(_draw_debts(rng, contracts, scene), _draw_legacy(rng, scene))
    table = raw_table(
        DIVIDA,
        {
            "id": random_uuids(rng, len(rows.owner)),
            "cliente_id": consumers.ids.take(pa.array(rows.owner)),
            "empresa": _draw_creditors(rng, rows.is_short),
            "valor": decimals(rows.cents, 14),
            "vencimento": pa.array(rows.due),
            "registrada_em": pa.array(rows.registered),
            "baixada_em": nullable_instants(rows.paid, grid.is_known(rows.paid)),
        },
    )
    kept = np.flatnonzero(grid.is_known(rows.registered))
    kept = kept[np.argsort(rows.owner[kept], kind="stable")]
    return table.take(pa.array(kept)), rows.owner[kept]


def _draw_debts(rng: np.random.Generator, contracts: Contracts, scene: Scene) -> _DebtRows:
    """Return what becomes of the contracts: those due after the period's last month are still open."""
    grid, trait = scene.grid, scene.consumers.trait[contracts.owner]
    registered = grid.instants(rng, contracts.made)
    due = grid.starts[contracts.due] + (rng.choice(_DUE_DAYS, len(contracts.due)) - 1) * _DAY
    state = scene.risk.states[contracts.owner, np.minimum(contracts.due, grid.count - 1)]
    is_unpaid = rng.random(len(state)) < scene.rates.unpaid[contracts.owner, state]
    lateness = _LATE_LOGIT[state] + _TRAIT_ON_LATE * trait
    is_late = rng.random(len(state)) < 1.0 / (1.0 + np.exp(-lateness))
    late_days = _LATE_MEAN_DAYS[state] * rng.standard_exponential(len(state))
    paid = _draw_payments(rng, due, late_days=np.where(is_late, late_days, -1.0), is_unpaid=is_unpaid)
    neglect = _NEVER_PAID_LOGIT + _TRAIT_ON_NEVER_PAID * trait
    is_never_paid = is_unpaid & (rng.random(len(state)) < 1.0 / (1.0 + np.exp(-neglect)))
    paid[is_never_paid | (contracts.due >= grid.count)] = np.datetime64("NaT")
    cents = _draw_amounts(rng, contracts, scene.consumers.monthly_income[contracts.owner])
    return _DebtRows(contracts.owner, registered, due, paid, cents, contracts.is_short)


def _draw_payments(
    rng: np.random.Generator, due: InstantArray, *, late_days: FloatArray, is_unpaid: BoolArray
) -> InstantArray:
    """Return payment instants: within the due month up to the due day, up to 80 days late, or after 100."""
    count = len(due)
    due_day = (due - due.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    early = -(rng.random(count) * np.minimum(due_day + 1, 6)).astype(np.int64)
    late = 1 + np.clip(late_days, 0, _LONGEST_LATENESS - 1).astype(np.int64)
    lag = np.where(late_days < 0, early, late)
    arrears = rng.integers(_SHORTEST_ARREARS, _LONGEST_ARREARS, count)
    return at_random_time(rng, due + np.where(is_unpaid, arrears, lag) * _DAY)


def _draw_amounts(rng: np.random.Generator, contracts: Contracts, income: FloatArray) -> IntArray:
    """Return cents: at least R$ 100 exactly where the contract can make a default."""
    median = np.where(contracts.is_short, _LOG_MEDIAN_SHORT, _LOG_MEDIAN_LONG + 0.5 * np.log(income / 2_000.0))
    spread = np.where(contracts.is_short, _SPREAD_SHORT, _SPREAD_LONG)
    amount = (100.0 * np.exp(median + spread * rng.standard_normal(len(income)))).astype(np.int64)
    small = rng.integers(_SMALLEST_CENTS, MIN_DEBT_CENTS, len(income))
    folded = np.where(amount < MIN_DEBT_CENTS, 2 * MIN_DEBT_CENTS - amount, amount)
    return np.where(contracts.is_eligible, np.clip(folded, MIN_DEBT_CENTS, _MAX_CENTS), small)


def _draw_legacy(rng: np.random.Generator, scene: Scene) -> _DebtRows:
    """Return old debts never paid, some of them past prescription."""
    consumers, start = scene.consumers, scene.grid.starts[0]
    known_since = consumers.registered.astype("datetime64[D]")
    share = _LEGACY_SHARE * np.exp(0.7 * consumers.trait) * consumers.activity
    days = 60 + (rng.random(len(share)) * _LEGACY_YEARS * _YEAR_DAYS).astype(np.int64)
    due = start - days * _DAY
    owner = np.flatnonzero((rng.random(len(share)) < share) & (due - 40 * _DAY > known_since))
    registered = at_random_time(rng, due[owner] - rng.integers(10, 39, len(owner)) * _DAY)
    cents = rng.integers(MIN_DEBT_CENTS, 300_000, len(owner))
    never = np.full(len(owner), np.datetime64("NaT"), dtype="datetime64[ms]")
    return _DebtRows(owner, registered, due[owner], never, cents, np.zeros(len(owner), dtype=bool))


def _concatenate(*parts: _DebtRows) -> _DebtRows:
    return _DebtRows(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(_DebtRows)))


def _draw_creditors(rng: np.random.Generator, is_short: BoolArray) -> pa.Array:
    names: tuple[str, ...] = ()
    index = np.empty(len(is_short), dtype=np.int64)
    for kinds, chosen in ((LONG_CREDITORS, ~is_short), (SHORT_CREDITORS, is_short)):
        pool, _, weights = weighted_companies(kinds)
        index[chosen] = len(names) + draw_index(rng, weights, int(chosen.sum()))
        names += pool
    return choose(names, index)
