"""Income sources over time: who works, retires or gets a benefit, when a source ends and when another begins.

Being without the main source is a fact of its own, driven by the hidden state: distress ends incomes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.income_frequency import MONTHLY_FACTORS
from contracts.tables import FONTE_DE_RENDA
from population.consumers import Consumers
from population.identifiers import random_uuids
from population.months import InstantArray, IntArray, MonthGrid
from population.raw_schema import choose, decimals, draw_index, nullable_instants, raw_table
from population.scene import Scene

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

MINIMUM_WAGE = 1_518.0
"""R$ a month, 2025 (Decreto 12.342/2024)."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of income: its text, frequencies with weights, description, and share of the full income."""

    name: str
    frequencies: tuple[tuple[str, float], ...]
    description: str
    share: float = 1.0


MAIN_KINDS = (
    SourceKind("salario", (("mensal", 0.90), ("quinzenal", 0.10)), "Salário CLT"),
    SourceKind("autonomo", (("mensal", 0.40), ("semanal", 0.35), ("diaria", 0.25)), "Trabalho por conta própria"),
    SourceKind("aposentadoria", (("mensal", 1.0),), "Aposentadoria INSS", 0.85),
    SourceKind("beneficio", (("mensal", 1.0),), "Benefício social", 0.35),
    SourceKind("bolsa", (("mensal", 1.0),), "Bolsa de estudos", 0.45),
    SourceKind("rural", (("semestral", 0.4), ("anual", 0.2), ("mensal", 0.4)), "Produção rural", 0.9),
)
SALARY, SELF_EMPLOYED, RETIREMENT, BENEFIT, GRANT, RURAL = range(6)
_SECONDARY_KINDS = (
    SourceKind("aluguel", (("mensal", 0.7), ("bimestral", 0.1), ("trimestral", 0.2)), "Aluguel de imóvel", 0.35),
    SourceKind("comissao", (("bimestral", 0.35), ("trimestral", 0.3), ("mensal", 0.35)), "Comissões", 0.2),
    SourceKind("dividendos", (("trimestral", 0.4), ("semestral", 0.4), ("anual", 0.2)), "Dividendos", 0.1),
    SourceKind("servico_eventual", (("diaria", 0.3), ("semanal", 0.4), ("quinzenal", 0.3)), "Serviços eventuais", 0.2),
    SourceKind("saque_fgts", (("unica", 0.6), ("anual", 0.4)), "Saque do FGTS", 1.5),
    SourceKind("pensao", (("mensal", 1.0),), "Pensão alimentícia", 0.3),
)
_SECONDARY_WEIGHTS = (0.18, 0.17, 0.10, 0.30, 0.15, 0.10)
_SECONDARY_SHARE = 0.27
_SECONDARY_ENDS_SHARE = 0.18

_SPELLINGS: dict[str, tuple[str, ...]] = {
    "diaria": ("diaria", "diária", "Diária", "DIÁRIA", "dia\u0301ria"),
    "semanal": ("semanal", "Semanal", "SEMANAL"),
    "quinzenal": ("quinzenal", "Quinzenal", " quinzenal"),
    "mensal": ("mensal", "mensal", "mensal", "Mensal", "MENSAL", "mensal "),
    "bimestral": ("bimestral", "Bimestral"),
    "trimestral": ("trimestral", "Trimestral", "TRIMESTRAL"),
    "semestral": ("semestral", "Semestral"),
    "anual": ("anual", "Anual", "ANUAL"),
    "unica": ("unica", "única", "Única", "ÚNICA", "u\u0301nica"),
}
_FREQUENCIES = tuple(MONTHLY_FACTORS)

_LOSS = np.array([0.006, 0.012, 0.035, 0.11, 0.16])
_RETURN = np.array([0.30, 0.22, 0.12, 0.045, 0.03])
_STABLE_KINDS = (RETIREMENT, BENEFIT)
_STABLE_LOSS = 0.04


@dataclass(frozen=True)
class Employment:
    """The main source of n consumers: its kind (n,) and in which months it pays (n, months)."""

    kind: IntArray
    pays: BoolArray


def draw_employment(rng: np.random.Generator, scene: Scene) -> Employment:
    """Return whose main source pays when: lost more often, and found again later, in distress."""
    active, states = scene.active, scene.risk.states
    kind = _draw_main_kinds(rng, scene.consumers)
    factor = np.where(np.isin(kind, _STABLE_KINDS), _STABLE_LOSS, 1.0)
    draws = rng.random((active.shape[1], active.shape[0]))
    pays = np.zeros(active.shape, dtype=bool)
    loss, back = _LOSS[states] * factor[:, None], _RETURN[states]
    has = draws[0] < back[:, 0] / (back[:, 0] + loss[:, 0])
    for month in range(active.shape[1]):
        has = np.where(has, draws[month] >= loss[:, month], draws[month] < back[:, month]) if month else has
        pays[:, month] = has & active[:, month]
    return Employment(kind, pays)


def incomes_table(
    rng: np.random.Generator, consumers: Consumers, employment: Employment, grid: MonthGrid
) -> tuple[pa.Table, IntArray]:
    """Return the known rows of ``fonte_de_renda`` and the consumer row of each."""
    main = _main_spells(rng, consumers, employment, grid)
    other = _secondary_sources(rng, consumers, grid)
    owner, kind, registered, ended, has_ended = (np.concatenate(pair) for pair in zip(main, other, strict=True))
    kinds = MAIN_KINDS + _SECONDARY_KINDS
    frequency, spelling = _draw_frequencies(rng, kind, kinds)
    share = np.array([source.share for source in kinds])[kind]
    monthly = consumers.monthly_income[owner] * share * np.exp(0.12 * rng.standard_normal(len(owner)))
    regulated = np.isin(kind, (SALARY, RETIREMENT))
    monthly = np.where(regulated, np.maximum(monthly, MINIMUM_WAGE), np.maximum(monthly, 60.0))
    cents = np.maximum((monthly * 100 / _monthly_factors()[frequency]).astype(np.int64), 100)
    table = raw_table(
        FONTE_DE_RENDA,
        {
            "id": random_uuids(rng, len(owner)),
            "cpf": consumers.cpfs.take(pa.array(owner)),
            "tipo": choose(tuple(source.name for source in kinds), kind),
            "descricao": choose(tuple(source.description for source in kinds), kind),
            "valor": decimals(cents, 14),
            "frequencia": spelling,
            "registrada_em": pa.array(registered),
            "encerrada_em": nullable_instants(ended, has_ended & grid.is_known(ended)),
        },
    )
    kept = np.flatnonzero(grid.is_known(registered))
    kept = kept[np.argsort(owner[kept], kind="stable")]
    return table.take(pa.array(kept)), owner[kept]


def _draw_main_kinds(rng: np.random.Generator, consumers: Consumers) -> IntArray:
    draw, age = rng.random(len(consumers.age)), consumers.age
    poor = consumers.monthly_income < 1_100.0
    kind = np.where(draw < 0.62, SALARY, np.where(draw < 0.93, SELF_EMPLOYED, RURAL))
    kind = np.where(poor & (draw > 0.45) & (draw < 0.80), BENEFIT, kind)
    kind = np.where((age < 25) & (draw > 0.85), GRANT, kind)
    return np.where(age >= 60 + 10 * draw, RETIREMENT, kind)


_Sources = tuple[IntArray, IntArray, InstantArray, InstantArray, BoolArray]


def _main_spells(rng: np.random.Generator, consumers: Consumers, employment: Employment, grid: MonthGrid) -> _Sources:
    """One row for each unbroken run of months in which the main source pays."""
    padded = np.pad(employment.pays.astype(np.int8), ((0, 0), (1, 1)))
    steps = np.diff(padded, axis=1)
    owner, begin = np.nonzero(steps == 1)
    _, end = np.nonzero(steps == -1)
    registered = grid.instants(rng, begin)
    first_day = np.maximum(
        consumers.registered[owner], grid.starts[0] - (rng.random(len(owner)) * 2_500).astype("timedelta64[D]")
    )
    registered = np.where(begin == 0, np.minimum(first_day, registered), registered)
    has_ended = end < employment.pays.shape[1]
    ended = grid.instants(rng, np.minimum(end, grid.count - 1))
    return owner, employment.kind[owner], registered, ended, has_ended


def _secondary_sources(rng: np.random.Generator, consumers: Consumers, grid: MonthGrid) -> _Sources:
    chance = _SECONDARY_SHARE * ~consumers.is_thin
    owner = np.flatnonzero(rng.random(len(chance)) < chance)
    earliest = np.maximum(consumers.entry[owner] + 1, 0)
    begin = earliest + (rng.random(len(owner)) * (grid.count - earliest)).astype(np.int64)
    begin = np.where(rng.random(len(owner)) < 0.5, earliest, begin)
    owner, begin = owner[begin < grid.count], begin[begin < grid.count]
    has_ended = (rng.random(len(owner)) < _SECONDARY_ENDS_SHARE) & (begin + 1 < grid.count)
    end = np.minimum(begin + 1 + (rng.random(len(owner)) * (grid.count - begin)).astype(np.int64), grid.count - 1)
    kind = len(MAIN_KINDS) + draw_index(rng, _SECONDARY_WEIGHTS, len(owner))
    return owner, kind, grid.instants(rng, begin), grid.instants(rng, end), has_ended


def _draw_frequencies(
    rng: np.random.Generator, kind: IntArray, kinds: tuple[SourceKind, ...]
) -> tuple[IntArray, pa.Array]:
    """Return each source's frequency (index of MONTHLY_FACTORS) and the spelling that its row uses."""
    frequency = np.empty(len(kind), dtype=np.int64)
    for number, source in enumerate(kinds):
        chosen = kind == number
        options = np.array([_FREQUENCIES.index(name) for name, _ in source.frequencies])
        frequency[chosen] = options[draw_index(rng, [w for _, w in source.frequencies], int(chosen.sum()))]
    vocabulary: list[str] = []
    first = np.empty(len(_FREQUENCIES), dtype=np.int64)
    for number, name in enumerate(_FREQUENCIES):
        first[number] = len(vocabulary)
        vocabulary += _SPELLINGS[name]
    sizes = np.array([len(_SPELLINGS[name]) for name in _FREQUENCIES])
    variant = (rng.random(len(kind)) * sizes[frequency]).astype(np.int64)
    return frequency, choose(tuple(vocabulary), first[frequency] + variant)


def _monthly_factors() -> FloatArray:
    """Return how many periods a month has, by frequency; a one-off counts as one month's income."""
    return np.array([top / bottom if top else 1.0 for top, bottom in MONTHLY_FACTORS.values()])
