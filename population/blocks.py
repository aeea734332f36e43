"""Blocks of consumers: every clean record of two thousand consumers, and their true probabilities.

Each part of a block draws from a generator of its own, derived from (seed, block), so that consumer i is
the same whatever the population's size, its dirt or its volume of events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.tables import BEM, CLIENTE, COMPRAS, CONSULTAS, DIVIDA, FONTE_DE_RENDA, MOVIMENTACOES, PESSOA
from population.assets import assets_table
from population.consultations import consultations_table
from population.consumers import Consumers, draw_consumers
from population.cpf_numbers import CpfIssuer
from population.debts import debts_table, draw_contracts
from population.default_probability import debt_rates, default_probabilities
from population.incomes import draw_employment, incomes_table
from population.latent import draw_latent_risk
from population.months import IntArray, MonthGrid
from population.movements import movements_table
from population.parameters import PopulationParameters
from population.purchases import purchases_table
from population.registers import draw_registers
from population.scene import Scene

EVENTS_AT_UNIT_VOLUME = 63.5
"""Mean Base C documents a consumer over 36 months where ``Scene.volume`` is 1 (measured over 40,000)."""

STREAMS = ("consumers", "registers", "risk", "contracts", "debts", "employment", "incomes", "assets",
           "consultations", "movements", "purchases", "dirt")  # fmt: skip


@dataclass(frozen=True)
class CleanBlock:
    """One block's clean records by table, each with its consumer row (``owners``), before any dirt.

    ``probabilities`` (n, dates) are NaN at dates before the consumer's registration.
    """

    index: int
    consumers: Consumers
    tables: Mapping[str, pa.Table]
    owners: Mapping[str, IntArray]
    probabilities: npt.NDArray[np.float64]


def block_streams(seed: int, block: int) -> dict[str, np.random.Generator]:
    """Return one independent generator for each part of a block."""
    children = np.random.SeedSequence([seed, block]).spawn(len(STREAMS))
    return {name: np.random.default_rng(child) for name, child in zip(STREAMS, children, strict=True)}


def _draw_scene(parameters: PopulationParameters, index: int, *, issuer: CpfIssuer, grid: MonthGrid) -> Scene:
    streams = block_streams(parameters.seed, index)
    consumers = draw_consumers(streams["consumers"], index, issuer, grid)
    return Scene(
        seed=parameters.seed,
        block=index,
        grid=grid,
        consumers=consumers,
        risk=draw_latent_risk(streams["risk"], consumers.trait, grid.count),
        rates=debt_rates(consumers.trait, consumers.activity),
        active=consumers.active(grid),
        volume=parameters.mean_events / EVENTS_AT_UNIT_VOLUME,
    )


def draw_clean_block(parameters: PopulationParameters, index: int, *, issuer: CpfIssuer, grid: MonthGrid) -> CleanBlock:
    """Return a whole block of consumers with all their clean records."""
    streams = block_streams(parameters.seed, index)
    scene = _draw_scene(parameters, index, issuer=issuer, grid=grid)
    consumers = scene.consumers
    contracts = draw_contracts(streams["contracts"], scene)
    employment = draw_employment(streams["employment"], scene)
    clients, people, people_owners = draw_registers(streams["registers"], consumers, grid)
    drawn = {
        CLIENTE.name: (clients, np.arange(len(consumers.numbers))),
        DIVIDA.name: debts_table(streams["debts"], contracts, scene),
        PESSOA.name: (people, people_owners),
        FONTE_DE_RENDA.name: incomes_table(streams["incomes"], consumers, employment, grid),
        BEM.name: assets_table(streams["assets"], scene),
        CONSULTAS.name: consultations_table(streams["consultations"], scene),
        MOVIMENTACOES.name: movements_table(streams["movements"], scene, employment),
        COMPRAS.name: purchases_table(streams["purchases"], scene),
    }
    counts = contracts.eligible_counts(len(consumers.numbers), grid.count)
    probabilities = default_probabilities(scene.risk, scene.rates, counts, grid)
    dates = np.arange(grid.first, grid.first + len(grid.reference_dates))
    return CleanBlock(
        index=index,
        consumers=consumers,
        tables={name: table for name, (table, _) in drawn.items()},
        owners={name: owner for name, (_, owner) in drawn.items()},
        probabilities=np.where(dates >= consumers.entry[:, None], probabilities, np.nan),
    )
