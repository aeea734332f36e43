"""Tables of made-up published scores, of any size, drawn column by column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.score_scale import BAND_UPPER_SCORES, REASON_TYPE, SCORES_SCHEMA
from contracts.score_terms import MAX_REASONS, Status

CODES = [f"CODIGO_{i:02d}" for i in range(60)]
"""Reason codes; every score has four."""

_SEED = 7
_ID_PARTS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def make_scores(consumers: int) -> pa.Table:
    """Return so many rows of SCORES_SCHEMA: UUID ids, distinct CPFs in order (check digits at random), four reasons."""
    rng = np.random.default_rng(_SEED)
    score = rng.integers(0, 1001, consumers).astype(np.int16)
    bands = pa.array([band.value for band, _ in BAND_UPPER_SCORES])
    uppers = np.array([upper for _, upper in BAND_UPPER_SCORES])
    columns = {
        "cliente_id": _make_ids(rng, consumers),
        "cpf": _make_cpfs(rng, consumers),
        "score": pa.array(score),
        "score_bruto": pa.array(score.astype(np.int32)),
        "probabilidade": pa.array(rng.random(consumers, dtype=np.float32)),
        "faixa": bands.take(pa.array(np.searchsorted(uppers, score))),
        "status": pa.repeat(Status.OK.value, consumers),
        "motivos": _make_reasons(rng, consumers),
    }
    return pa.table([columns[name] for name in SCORES_SCHEMA.names], schema=SCORES_SCHEMA)


def _make_ids(rng: np.random.Generator, consumers: int) -> pa.Array:
    digits = np.frombuffer(rng.bytes(16 * consumers).hex().encode(), dtype="S32").astype("U32")
    whole = pa.array(digits)
    return pc.binary_join_element_wise(*(pc.utf8_slice_codeunits(whole, *part) for part in _ID_PARTS), "-")


def _make_cpfs(rng: np.random.Generator, consumers: int) -> pa.Array:
    numbers = np.unique(rng.integers(0, 10**11, consumers + 1000 + consumers // 1000))[:consumers]
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 11, "0")


def _make_reasons(rng: np.random.Generator, consumers: int) -> pa.Array:
    codes = pa.array(CODES).take(pa.array(rng.integers(0, len(CODES), consumers * MAX_REASONS)))
    points = pa.array(rng.integers(-99, 99, consumers * MAX_REASONS).astype(np.int16))
    items = pa.StructArray.from_arrays([codes, points], fields=list(REASON_TYPE))
    offsets = pa.array(np.arange(consumers + 1, dtype=np.int32) * MAX_REASONS)
    return pa.ListArray.from_arrays(offsets, items, type=SCORES_SCHEMA.field("motivos").type)
