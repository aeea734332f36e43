"""Money movements: pay on its day, the 13th salary, transfers, spending by season and state, and shocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.tables import MOVIMENTACOES
from population.event_columns import (
    SPENDING_SEASON,
    draw_whole_counts,
    events_table,
    money_columns,
    spread_counts,
)
from population.incomes import MAIN_KINDS, RETIREMENT, SALARY, SELF_EMPLOYED, Employment
from population.latent import DISTRESSED
from population.months import IntArray
from population.raw_schema import choose, nullable_instants
from population.scene import Scene

FloatArray = npt.NDArray[np.float64]

_PAY_RATE = 0.48
_TRANSFER_RATE = 0.12
_DEBIT_RATE = 0.46
_SPENT_OF_INCOME = np.array([0.72, 0.84, 1.02, 1.22, 1.32])
_THIRTEENTH_MONTHS = {11: "13º SALÁRIO 1ª PARCELA", 12: "13º SALÁRIO 2ª PARCELA"}
_THIRTEENTH_RATE = 0.55
_SHOCK_RATE = 0.8
_NO_DESCRIPTION_SHARE = 0.03

_DESCRIPTIONS = (
    "SALÁRIO", "PIX RECEBIDO", "BOLETO", "PIX ENVIADO", "SAQUE", "ALUGUEL", "CONTA DE LUZ", "MERCADO",
    "DESPESA HOSPITALAR", "CONSERTO DE VEÍCULO", *_THIRTEENTH_MONTHS.values(),
)  # fmt: skip
_PAY, _TRANSFER, _FIRST_DEBIT, _LAST_DEBIT, _FIRST_SHOCK, _LAST_SHOCK, _THIRTEENTH = 0, 1, 2, 7, 8, 9, 10


@dataclass(frozen=True)
class _Flow:
    """Movements of one kind: consumer row, month, day of the month (0: any), reais, description, credit or not."""

    owner: IntArray
    month: IntArray
    day: IntArray
    reais: FloatArray
    description: IntArray
    is_credit: bool


def movements_table(rng: np.random.Generator, scene: Scene, employment: Employment) -> tuple[pa.Table, IntArray]:
    """Return the known ``movimentacoes`` and the consumer row of each."""
    flows = (
        _draw_pay(rng, scene, employment),
        _draw_thirteenth(rng, scene, employment),
        _draw_transfers(rng, scene),
        _draw_debits(rng, scene),
        _draw_shocks(rng, scene),
    )
    owner, month, day, description = (
        np.concatenate([getattr(flow, name) for flow in flows]) for name in ("owner", "month", "day", "description")
    )
    is_credit = np.repeat([flow.is_credit for flow in flows], [len(flow.owner) for flow in flows])
    reais = np.concatenate([flow.reais for flow in flows])
    anywhere = (rng.random(len(day)) * scene.grid.lengths[month]).astype(np.int64) + 1
    instants = scene.grid.instants(rng, month, np.where(day == 0, anywhere, day))
    text = choose(_DESCRIPTIONS, description).to_numpy(zero_copy_only=False)
    columns = {
        "tipo_movimentacao": choose(("debito", "credito"), is_credit.astype(np.int64)),
        "data_movimentacao": nullable_instants(instants, np.ones(len(owner), dtype=bool)),
        "descricao": pa.array(text, mask=rng.random(len(owner)) < _NO_DESCRIPTION_SHARE),
        **money_columns(rng, reais),
    }
    return events_table(scene, MOVIMENTACOES, columns, owner=owner, instants=instants)


def _draw_pay(rng: np.random.Generator, scene: Scene, employment: Employment) -> _Flow:
    counts = draw_whole_counts(rng, (employment.pays & scene.eventful) * (_PAY_RATE * scene.volume))
    owner, month = spread_counts(counts)
    kind = employment.kind[owner]
    full = scene.consumers.monthly_income[owner] * np.array([source.share for source in MAIN_KINDS])[kind]
    spread = np.where(np.isin(kind, (SALARY, RETIREMENT)), 0.03, np.where(kind == SELF_EMPLOYED, 0.30, 0.15))
    reais = full / counts[owner, month] * np.exp(spread * rng.standard_normal(len(owner)))
    pay_day = 1 + (scene.consumers.numbers * 7919 % 10)[owner]
    return _Flow(owner, month, pay_day, reais, np.full(len(owner), _PAY), is_credit=True)


def _draw_thirteenth(rng: np.random.Generator, scene: Scene, employment: Employment) -> _Flow:
    calendar = scene.grid.calendar_months[: scene.grid.count]
    formal = np.isin(employment.kind, (SALARY, RETIREMENT))[:, None]
    due = employment.pays & scene.eventful & formal & np.isin(calendar, tuple(_THIRTEENTH_MONTHS))
    owner, month = np.nonzero(due & (rng.random(due.shape) < _THIRTEENTH_RATE * scene.volume))
    is_second = calendar[month] == 12
    reais = 0.5 * scene.consumers.monthly_income[owner]
    return _Flow(owner, month, np.where(is_second, 20, 28), reais, _THIRTEENTH + is_second, is_credit=True)


def _draw_transfers(rng: np.random.Generator, scene: Scene) -> _Flow:
    owner, month = spread_counts(rng.poisson(_TRANSFER_RATE * scene.volume * scene.eventful))
    reais = scene.consumers.monthly_income[owner] * 0.12 * np.exp(0.9 * rng.standard_normal(len(owner)))
    return _Flow(
        owner, month, np.zeros(len(owner), dtype=np.int64), reais, np.full(len(owner), _TRANSFER), is_credit=True
    )


def _draw_debits(rng: np.random.Generator, scene: Scene) -> _Flow:
    season = SPENDING_SEASON[scene.grid.calendar_months[: scene.grid.count] - 1]
    owner, month = spread_counts(rng.poisson(_DEBIT_RATE * scene.volume * season * scene.eventful))
    spent = _SPENT_OF_INCOME[scene.risk.states[owner, month]] * np.exp(0.14 * scene.consumers.trait[owner])
    reais = scene.consumers.monthly_income[owner] * spent / max(scene.volume, 1.0)
    reais = reais * np.exp(0.30 * rng.standard_normal(len(owner)))
    description = rng.integers(_FIRST_DEBIT, _LAST_DEBIT + 1, len(owner))
    return _Flow(owner, month, np.zeros(len(owner), dtype=np.int64), reais, description, is_credit=False)


def _draw_shocks(rng: np.random.Generator, scene: Scene) -> _Flow:
    """Return a great expense in many of the months in which a consumer falls into distress."""
    states = scene.risk.states
    falls = np.zeros(states.shape, dtype=bool)
    falls[:, 1:] = (states[:, 1:] >= DISTRESSED) & (states[:, :-1] < DISTRESSED)
    owner, month = np.nonzero(falls & scene.eventful & (rng.random(states.shape) < _SHOCK_RATE * scene.volume))
    reais = scene.consumers.monthly_income[owner] * rng.uniform(1.0, 4.0, len(owner))
    description = rng.integers(_FIRST_SHOCK, _LAST_SHOCK + 1, len(owner))
    return _Flow(owner, month, np.zeros(len(owner), dtype=np.int64), reais, description, is_credit=False)
