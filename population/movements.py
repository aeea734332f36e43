"""Money movements: the credits and debits of the known statements, and the great expense of a fall into distress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.tables import MOVIMENTACOES
from population.event_columns import events_table, money_columns, spread_counts
from population.incomes import Employment
from population.latent import DISTRESSED
from population.months import IntArray
from population.raw_schema import choose, nullable_instants
from population.scene import Scene
from population.statements import THIRTEENTH_MONTHS, Statements, draw_statements

FloatArray = npt.NDArray[np.float64]

_DEBIT_SPREAD = 0.10
_PAY_DAYS = 10
_SHOCK_RATE = 0.8
_NO_DESCRIPTION_SHARE = 0.03

_DESCRIPTIONS = (
    "SALÁRIO", "PIX RECEBIDO", "BOLETO", "PIX ENVIADO", "SAQUE", "ALUGUEL", "CONTA DE LUZ", "MERCADO",
    "DESPESA HOSPITALAR", "CONSERTO DE VEÍCULO", "13º SALÁRIO 1ª PARCELA", "13º SALÁRIO 2ª PARCELA",
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
    statements = draw_statements(rng, scene, employment)
    flows = (
        _credits(scene, employment, statements),
        _thirteenth_credits(scene, statements),
        _draw_debits(rng, statements),
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


def _credits(scene: Scene, employment: Employment, statements: Statements) -> _Flow:
    """Return what comes in each known month, always on the consumer's own day."""
    owner, month = spread_counts(statements.counts)
    is_pay = employment.pays[owner, month]
    day = 1 + (scene.consumers.numbers * 7919 % _PAY_DAYS)[owner]
    reais = statements.received[owner, month] / statements.counts[owner, month]
    return _Flow(owner, month, day, reais, np.where(is_pay, _PAY, _TRANSFER), is_credit=True)


def _thirteenth_credits(scene: Scene, statements: Statements) -> _Flow:
    owner, month = np.nonzero((statements.thirteenth > 0) & (statements.counts > 0))
    is_second = scene.grid.calendar_months[month] == max(THIRTEENTH_MONTHS)
    day = np.where(is_second, 20, 28)
    return _Flow(owner, month, day, statements.thirteenth[owner, month], _THIRTEENTH + is_second, is_credit=True)


def _draw_debits(rng: np.random.Generator, statements: Statements) -> _Flow:
    owner, month = spread_counts(statements.counts)
    reais = statements.spent[owner, month] / statements.counts[owner, month]
    reais = reais * np.exp(_DEBIT_SPREAD * rng.standard_normal(len(owner)))
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
