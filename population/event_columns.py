"""What the three kinds of Base C events share: where they fall, their keys, and the form of their amounts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.table_declaration import Table
from population.identifiers import object_ids
from population.months import InstantArray, IntArray
from population.raw_schema import CENTS, FORM, OBJECT_ID, MoneyForm, raw_table
from population.scene import Scene

FloatArray = npt.NDArray[np.float64]

SPENDING_SEASON = np.array([1.06, 0.94, 0.97, 0.98, 1.02, 1.0, 0.98, 0.98, 0.96, 0.99, 1.08, 1.22])
"""Spending by calendar month, 1 to 12: school and taxes in January, sales in November, Christmas."""

_WHOLE_REAIS_SHARE = 0.25
_DECIMAL_SHARE = 0.30


def spread_counts(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Return the consumer row and the month of each counted event, from counts of shape (n, months)."""
    owner, month = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), counts.shape[1])
    return owner, month


def money_columns(rng: np.random.Generator, reais: FloatArray) -> dict[str, pa.Array]:
    """Return cents and BSON form of amounts: doubles, Decimal128 and, where reais are whole, ints."""
    cents = np.maximum((reais * 100).astype(np.int64), 100)
    draw = rng.random(len(cents))
    is_whole = draw < _WHOLE_REAIS_SHARE
    cents = np.where(is_whole, np.maximum(cents // 100, 1) * 100, cents)
    form = np.where(draw > 1 - _DECIMAL_SHARE, MoneyForm.DECIMAL, MoneyForm.DOUBLE)
    return {
        CENTS: pa.array(cents),
        FORM: pa.array(np.where(is_whole, MoneyForm.INTEGER, form).astype(np.int8)),
    }


def events_table(
    scene: Scene, table: Table, columns: dict[str, pa.Array], *, owner: IntArray, instants: InstantArray
) -> tuple[pa.Table, IntArray]:
    """Return the known events ordered by consumer and time, with keys, and the consumer row of each."""
    kept = np.flatnonzero(scene.grid.is_known(instants))
    kept = kept[np.lexsort((instants[kept], owner[kept]))]
    keys = np.zeros(len(owner), dtype=np.int64)
    keys[kept] = np.arange(len(kept))
    everything = raw_table(
        table,
        {
            OBJECT_ID: object_ids(scene.seed, scene.block, keys),
            "cpf": scene.consumers.cpfs.take(pa.array(owner)),
            **columns,
        },
    )
    return everything.take(pa.array(kept)), owner[kept]
