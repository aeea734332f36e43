"""The published content's digest (``impressao``): equal for equal scores, whatever the run, time or batching.

Each column has its own SHA-256, fed batch after batch; the digest is that of the columns' digests. So
ranges of any size give the same result, as long as they come in CPF order.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from serve.publishing.byte_pieces import data_of

_TEXTS = ("cliente_id", "faixa", "status")
_NUMBERS = ("score", "probabilidade")
_STREAMS = (*_TEXTS, *(f"{name}.bytes" for name in _TEXTS), *_NUMBERS, "motivos", "codigo", "codigo.bytes", "pontos")


class ContentDigest:
    """Accumulates the digest of published rows: consumer, score, probability's bits, band, status, reasons."""

    def __init__(self) -> None:
        self._streams = {name: hashlib.sha256() for name in _STREAMS}

    def update(self, scores: pa.Table) -> None:
        """Add a table of SCORES_SCHEMA; tables must come in CPF order."""
        for name in _TEXTS:
            self._add_text(name, _one_array(scores[name]))
        for name in _NUMBERS:
            column = _one_array(scores[name])
            self._add(name, np.asarray(pc.is_valid(column)), np.asarray(pc.fill_null(column, 0)))
        motives = _one_array(scores["motivos"])
        items = pc.list_flatten(motives)
        self._add("motivos", np.asarray(pc.list_value_length(motives)))
        self._add_text("codigo", items.field("codigo"))
        self._add("pontos", np.asarray(items.field("pontos")))

    def hexdigest(self) -> str:
        """Return the SHA-256 of all that was added, as 64 hexadecimal digits."""
        lines = "".join(f"{name} {stream.hexdigest()}\n" for name, stream in sorted(self._streams.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def _add_text(self, name: str, column: pa.Array) -> None:
        lengths = pc.fill_null(pc.binary_length(column), -1)
        self._add(name, np.asarray(lengths).astype("<i4", copy=False))
        self._streams[f"{name}.bytes"].update(data_of(column.drop_null()))

    def _add(self, name: str, *columns: npt.NDArray[Any]) -> None:
        """Add fixed-width columns row by row, so that batches join without a seam."""
        if not len(columns[0]):
            return
        rows = [np.ascontiguousarray(c).reshape(-1, 1).view(np.uint8).reshape(len(c), -1) for c in columns]
        self._streams[name].update((rows[0] if len(rows) == 1 else np.hstack(rows)).data)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()
