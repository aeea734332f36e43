"""The floor of the steps from the lake: the same columns decoded and the same result tables written, nothing computed.

The results are those that our own step left, held in memory before the clock starts; texts that repeat stay coded by
dictionary, which is the cheapest way to decode them; no checksum, manifest or fsync.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peers.night import ours
from benchmarks.peers.night.snapshot import Night
from contracts.parquet_encoding import encoding_options
from contracts.tables import CLIENTE, TABLES_BY_NAME
from features.build import declared_columns


def prepare(night: Night, folders: Sequence[Path]) -> Callable[[], None]:
    """Return the work: one file a range in ``folders``, of the features first and then of the scores."""
    results = [ours.read_result(night, index)[: len(folders)] for index in range(night.ranges)]
    options = [[encoding_options(result) for result in every] for every in results]
    files = {table: night.files(table) for table in declared_columns()}
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)

    def move(index: int) -> None:
        for table, columns in declared_columns().items():
            read_columns(files[table][index], table, columns)
        for folder, result, encoded in zip(folders, results[index], options[index], strict=True):
            pq.write_table(result, folder / f"{index:05d}.parquet", **encoded)

    return lambda: ours.in_threads(move, night.ranges)


def read_columns(file: str, table: str, columns: Sequence[str]) -> pa.Table:
    """Return some columns of a lake file, texts coded but the keys."""
    schema = TABLES_BY_NAME[table].lake_schema
    unique = {"id", "cpf"} if table == CLIENTE.name else {"id"}
    coded = [name for name in columns if name not in unique and pa.types.is_string(schema.field(name).type)]
    return pq.ParquetFile(file, read_dictionary=coded).read(columns=list(columns), use_threads=False)
