"""The truth files: true probabilities and planted defects, streamed to Parquet, never to a store.

Both are written under temporary names and take their own when all is written.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pyarrow.parquet as pq

from population.dirt import DEFECTS_SCHEMA
from population.generate import TRUTH_SCHEMA, Block

PROBABILITIES_NAME = "probabilidades.parquet"
DEFECTS_NAME = "defeitos.parquet"
_SCHEMAS = {PROBABILITIES_NAME: TRUTH_SCHEMA, DEFECTS_NAME: DEFECTS_SCHEMA}
_COMPRESSION = "zstd"


class TruthWriter:
    """Writes a population's truth files into a folder; an interrupted one leaves the earlier files as they were."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, schema in _SCHEMAS.items():
            writer = pq.ParquetWriter(self._temporary(name), schema, compression=_COMPRESSION)
            self._writers[name] = self._stack.enter_context(writer)
        return self

    def write(self, block: Block) -> None:
        """Append a block's probabilities and defects."""
        self._writers[PROBABILITIES_NAME].write_table(block.truth)
        if block.defects.num_rows:
            self._writers[DEFECTS_NAME].write_table(block.defects)

    def __exit__(self, kind: type[BaseException] | None, *_details: object) -> None:
        self._stack.close()
        for name in _SCHEMAS:
            if kind is None:
                self._temporary(name).replace(self._folder / name)
            else:
                self._temporary(name).unlink(missing_ok=True)

    def _temporary(self, name: str) -> Path:
        return self._folder / f".{name}.tmp"
