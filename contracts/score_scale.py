"""The published score's Arrow schema, with its scale, bands, statuses and reasons (docs/explanation/the-score.md)."""

from __future__ import annotations

import pyarrow as pa

from contracts.score_terms import (
    BAND_UPPER_SCORES,
    MAX_REASONS,
    SCORE_MAX,
    SCORE_MIN,
    Band,
    Direction,
    Reason,
    Status,
    band_of,
)

__all__ = [
    "BAND_UPPER_SCORES",
    "MAX_REASONS",
    "REASON_TYPE",
    "SCORES_SCHEMA",
    "SCORE_MAX",
    "SCORE_MIN",
    "Band",
    "Direction",
    "Reason",
    "Status",
    "band_of",
]

REASON_TYPE = pa.struct(
    [pa.field("codigo", pa.string(), nullable=False), pa.field("pontos", pa.int16(), nullable=False)]
)

SCORES_SCHEMA = pa.schema(
    [
        pa.field("cliente_id", pa.string(), nullable=False),
        pa.field("cpf", pa.string(), nullable=False),
        pa.field("score", pa.int16()),
        pa.field("score_bruto", pa.int32()),
        pa.field("probabilidade", pa.float32()),
        pa.field("faixa", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("motivos", pa.list_(pa.field("item", REASON_TYPE, nullable=False)), nullable=False),
    ]
)
"""One row a scored or insufficient consumer, sorted by CPF.

``score_bruto`` is the score before clipping to the scale: base points + all contributions, an integer.
``motivos`` holds at most four reasons, strongest (by absolute points) first, ties by code.
Where ``status`` is ``DADOS_INSUFICIENTES`` score, score_bruto, probabilidade and faixa are null and
motivos is empty.
"""
