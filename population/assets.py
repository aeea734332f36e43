"""Assets: what consumers own by age, income and risk, and what distress makes them sell."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contracts.tables import BEM
from population.identifiers import random_uuids
from population.latent import DISTRESSED
from population.months import IntArray, MonthGrid
from population.raw_schema import choose, decimals, nullable_instants, raw_table
from population.scene import Scene

ASSET_KINDS = ("imovel", "veiculo", "motocicleta", "aplicacao", "poupanca", "terreno", "participacao_societaria")
_DESCRIPTIONS = (
    "Casa ou apartamento", "Automóvel de passeio", "Motocicleta", "CDB e fundos", "Caderneta de poupança",
    "Terreno urbano", "Quotas de empresa",
)  # fmt: skip
_BASE_SHARE = np.array([0.30, 0.27, 0.13, 0.16, 0.22, 0.05, 0.03])
_AGE_SLOPE = np.array([0.035, 0.012, -0.025, 0.012, 0.008, 0.030, 0.015])
_RISK_SLOPE = np.array([-0.40, -0.30, 0.05, -1.30, -0.90, -0.40, -0.25])
_MONTHS_OF_INCOME = np.array([75.0, 16.0, 5.0, 7.0, 2.5, 25.0, 20.0])
_SOLD_IN_DISTRESS = 0.28
_SOLD_ANYWAY = 0.05
_REGISTERED_DAYS_BEFORE = 3_000


def assets_table(rng: np.random.Generator, scene: Scene) -> tuple[pa.Table, IntArray]:
    """Return the known rows of ``bem`` and the consumer row of each."""
    consumers, grid = scene.consumers, scene.grid
    logit = np.log(_BASE_SHARE / (1 - _BASE_SHARE)) + _AGE_SLOPE * (consumers.age[:, None] - 44.0)
    logit = logit + _RISK_SLOPE * consumers.trait[:, None]
    owns = rng.random(logit.shape) < 1.0 / (1.0 + np.exp(-logit))
    owner, kind = np.nonzero(owns & ~consumers.is_thin[:, None] & (consumers.entry < grid.count - 1)[:, None])
    count = len(owner)
    begin = np.maximum(consumers.entry[owner] + 1, 0)
    is_new = rng.random(count) < 0.35
    begin = np.where(is_new, begin + (rng.random(count) * (grid.count - begin)).astype(np.int64), begin)
    registered = grid.instants(rng, begin)
    earlier = grid.starts[0] - (rng.random(count) * _REGISTERED_DAYS_BEFORE).astype("timedelta64[D]")
    is_old = (begin == 0) & ~is_new
    registered = np.where(is_old, np.maximum(earlier, consumers.registered[owner]), registered)
    end, is_sold = _draw_sales(rng, begin, scene.risk.states[owner], grid)
    sold = grid.instants(rng, end)
    value = consumers.monthly_income[owner] * _MONTHS_OF_INCOME[kind] * np.exp(0.5 * rng.standard_normal(count))
    table = raw_table(
        BEM,
        {
            "id": random_uuids(rng, count),
            "cpf": consumers.cpfs.take(pa.array(owner)),
            "tipo": choose(ASSET_KINDS, kind),
            "descricao": choose(_DESCRIPTIONS, kind),
            "valor_estimado": decimals(np.maximum(value * 100, 5_000).astype(np.int64), 16),
            "registrado_em": pa.array(registered),
            "alienado_em": nullable_instants(sold, is_sold & grid.is_known(sold)),
        },
    )
    kept = np.flatnonzero(grid.is_known(registered))
    return table.take(pa.array(kept)), owner[kept]


def _draw_sales(
    rng: np.random.Generator, begin: IntArray, states: IntArray, grid: MonthGrid
) -> tuple[IntArray, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return the month of sale and whether it takes place: often at the first distress after the purchase."""
    later = np.arange(grid.count) > begin[:, None]
    distressed = later & (states >= DISTRESSED)
    first = np.where(distressed.any(axis=1), distressed.argmax(axis=1), grid.count)
    forced = (rng.random(len(begin)) < _SOLD_IN_DISTRESS) & (first < grid.count)
    usual = begin + 1 + (rng.random(len(begin)) * grid.count).astype(np.int64)
    willing = (rng.random(len(begin)) < _SOLD_ANYWAY) & (usual < grid.count)
    return np.minimum(np.where(forced, first, usual), grid.count - 1), forced | willing
