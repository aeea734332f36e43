"""Card purchases: more on credit and in instalments when money is short."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contracts.tables import COMPRAS
from population.event_columns import SPENDING_SEASON, events_table, money_columns, spread_counts
from population.identifiers import hex_strings, to_text
from population.months import IntArray
from population.raw_schema import choose, draw_index
from population.scene import Scene

_RATE = 0.40
_CARD_SHARE = 0.88
_COUNT_FACTOR = np.array([0.95, 1.0, 1.08, 1.1, 0.95])
_AMOUNT_FACTOR = np.array([0.95, 1.0, 1.0, 1.0, 0.9])
_INSTALMENT_SHARE = np.array([0.04, 0.12, 0.32, 0.58, 0.75])
_DEBIT_CARD_SHARE = np.array([0.62, 0.55, 0.40, 0.25, 0.12])
_MEDIAN_REAIS = 78.0
_SPREAD = 0.95
_ABSENT_SHARE = 0.02
_CODE_BYTES = 12

_BRANDS = ("Visa", "Mastercard", "Elo", "Hipercard", "American Express")
_BRAND_WEIGHTS = (0.36, 0.42, 0.17, 0.03, 0.02)
_PRODUCTS = (
    "Supermercado", "Combustível", "Farmácia", "Restaurante", "Vestuário", "Eletrônicos", "Assinatura de vídeo",
    "Transporte por aplicativo", "Material de construção", "Livraria", "Pet shop", "Padaria", "Calçados", "Viagem",
)  # fmt: skip
_PRODUCT_WEIGHTS = (22, 13, 9, 12, 9, 4, 4, 9, 4, 1, 3, 6, 3, 1)
_TYPES = ("credito", "debito", "parcelado")


def purchases_table(rng: np.random.Generator, scene: Scene) -> tuple[pa.Table, IntArray]:
    """Return the known ``compras`` and the consumer row of each."""
    consumers, grid = scene.consumers, scene.grid
    season = SPENDING_SEASON[grid.calendar_months[: grid.count] - 1]
    has_card = rng.random(len(consumers.age)) < _CARD_SHARE
    mean = _RATE * scene.volume * season * _COUNT_FACTOR[scene.risk.states] * scene.eventful * has_card[:, None]
    owner, month = spread_counts(rng.poisson(mean))
    count, state = len(owner), scene.risk.states[owner, month]
    instants = grid.instants(rng, month)
    level = np.sqrt(consumers.monthly_income[owner] / 2_000.0)
    reais = _MEDIAN_REAIS * level * _AMOUNT_FACTOR[state] * np.exp(_SPREAD * rng.standard_normal(count))
    is_instalment = rng.random(count) < _INSTALMENT_SHARE[state]
    kind = np.where(is_instalment, 2, (rng.random(count) < _DEBIT_CARD_SHARE[state]).astype(np.int64))
    brand = choose(_BRANDS, draw_index(rng, _BRAND_WEIGHTS, len(consumers.age))[owner])
    codes = to_text(hex_strings(rng.integers(0, 256, (count, _CODE_BYTES), dtype=np.uint8)))
    columns = {
        "data_compra": pa.array(instants),
        "bandeira_cartao": _sometimes_absent(rng, brand),
        "produto": choose(_PRODUCTS, draw_index(rng, _PRODUCT_WEIGHTS, count)),
        "tipo": _sometimes_absent(rng, choose(_TYPES, kind)),
        "codigo_transacao": _sometimes_absent(rng, codes),
        **money_columns(rng, np.where(is_instalment, 3.0, 1.0) * reais),
    }
    return events_table(scene, COMPRAS, columns, owner=owner, instants=instants)


def _sometimes_absent(rng: np.random.Generator, column: pa.Array) -> pa.Array:
    return pa.array(column.to_numpy(zero_copy_only=False), mask=rng.random(len(column)) < _ABSENT_SHARE)
