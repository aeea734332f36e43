"""Money movements: pay on its day, the 13th salary, transfers, spending by season and state, and shocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.tables import MOVIMENTACOES
from population.event_columns import events_table, money_columns, spread_counts
from population.incomes import MAIN_KINDS, RETIREMENT, SALARY, SELF_EMPLOYED, Employment
from population.latent import DISTRESSED
from population.months import IntArray
from population.raw_schema import choose, nullable_instants
from population.scene import Scene

FloatArray = npt.NDArray[np.float64]

_STATEMENT_RATE = 0.57
_CASH_SHARE = 0.3
_PAY_SPREAD = {SALARY: 0.03, RETIREMENT: 0.03, SELF_EMPLOYED: 0.18}
_OTHER_PAY_SPREAD = 0.10
_WITHOUT_SOURCE = 0.45
_WITHOUT_SOURCE_SPREAD = 0.30
_SPENT = np.array([0.70, 0.85, 1.02, 1.25, 1.50])
_TRAIT_ON_SPENT = 0.06
_SPENT_SPREAD = 0.12
_THIRTEENTH_MONTHS = {11: "13º SALÁRIO 1ª PARCELA", 12: "13º SALÁRIO 2ª PARCELA"}
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
    counts = _draw_statements(rng, scene, employment)
    received = _draw_received(rng, scene, employment)
    thirteenth = _thirteenth(scene, employment)
    flows = (
        _credits(scene, employment, counts=counts, received=received),
        _thirteenth_credits(scene, counts=counts, thirteenth=thirteenth),
        _draw_debits(rng, scene, counts=counts, received=received + thirteenth),
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


def _draw_statements(rng: np.random.Generator, scene: Scene, employment: Employment) -> IntArray:
    """Return how many credits and debits of each month are known (n, months).

    They come at regular intervals from any month on; without the main source some months pass in cash.
    """
    phase = rng.random(len(scene.consumers.age))
    steps = np.floor(phase[:, None] + _STATEMENT_RATE * scene.volume * np.arange(scene.grid.count + 1))
    in_cash = ~employment.pays & (rng.random(employment.pays.shape) < _CASH_SHARE)
    return np.diff(steps, axis=1).astype(np.int64) * (scene.eventful & ~in_cash)


def _draw_received(rng: np.random.Generator, scene: Scene, employment: Employment) -> FloatArray:
    """Return the reais that come in each month (n, months): the usual pay, or odd jobs and family without it."""
    kind = employment.kind
    usual = scene.consumers.monthly_income * np.array([source.share for source in MAIN_KINDS])[kind]
    spread = np.array([_PAY_SPREAD.get(number, _OTHER_PAY_SPREAD) for number in range(len(MAIN_KINDS))])[kind]
    draws = rng.standard_normal(employment.pays.shape)
    paid = np.exp(spread[:, None] * draws)
    unpaid = _WITHOUT_SOURCE * np.exp(_WITHOUT_SOURCE_SPREAD * draws)
    received: FloatArray = usual[:, None] * np.where(employment.pays, paid, unpaid)
    return received


def _thirteenth(scene: Scene, employment: Employment) -> FloatArray:
    """Return the reais of the 13th salary (n, months): half in November, half in December."""
    calendar = scene.grid.calendar_months[: scene.grid.count]
    formal = np.isin(employment.kind, (SALARY, RETIREMENT))[:, None]
    due = employment.pays & formal & np.isin(calendar, tuple(_THIRTEENTH_MONTHS))
    return due * 0.5 * scene.consumers.monthly_income[:, None]


def _credits(scene: Scene, employment: Employment, *, counts: IntArray, received: FloatArray) -> _Flow:
    owner, month = spread_counts(counts)
    is_pay = employment.pays[owner, month]
    pay_day = 1 + (scene.consumers.numbers * 7919 % 10)[owner]
    reais = received[owner, month] / counts[owner, month]
    return _Flow(owner, month, pay_day, reais, np.where(is_pay, _PAY, _TRANSFER), is_credit=True)


def _thirteenth_credits(scene: Scene, *, counts: IntArray, thirteenth: FloatArray) -> _Flow:
    owner, month = np.nonzero((thirteenth > 0) & (counts > 0))
    is_second = scene.grid.calendar_months[month] == 12
    day = np.where(is_second, 20, 28)
    return _Flow(owner, month, day, thirteenth[owner, month], _THIRTEENTH + is_second, is_credit=True)


def _draw_debits(rng: np.random.Generator, scene: Scene, *, counts: IntArray, received: FloatArray) -> _Flow:
    """Return what is spent of what comes in: little in calm, more than comes in in distress."""
    owner, month = spread_counts(counts)
    part = _SPENT[scene.risk.states[owner, month]] * np.exp(_TRAIT_ON_SPENT * scene.consumers.trait[owner])
    reais = received[owner, month] / counts[owner, month] * part
    reais = reais * np.exp(_SPENT_SPREAD * rng.standard_normal(len(owner)))
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
