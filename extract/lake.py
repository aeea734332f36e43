"""Snapshots in the lake: one artifact a CPF range and one for the strays, each with its counts and checksums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from contracts.artifacts import ArtifactStore, Manifest
from contracts.errors import DataIntegrityError
from contracts.extraction import REJECTS_SCHEMA, Extraction, TableCounts
from contracts.tables import CLIENTE, TABLES, TABLES_BY_NAME, Table

_SNAPSHOTS = "snapshots"
_STRAYS = "avulsos"
_REJECTS = "rejeitado.parquet"


def snapshot_path(snapshot_id: str, index: int | None) -> str:
    """Return where a range of a snapshot lies, or its strays (None).

    >>> snapshot_path("2025-06-30", 12), snapshot_path("2025-06-30", None)
    ('snapshots/2025-06-30/faixa-00012', 'snapshots/2025-06-30/avulsos')
    """
    name = _STRAYS if index is None else f"faixa-{index:05d}"
    return f"{_SNAPSHOTS}/{snapshot_id}/{name}"


def write_extraction(
    lake: ArtifactStore, snapshot_id: str, index: int | None, extraction: Extraction, *, as_of: date
) -> Manifest:
    """Write one range (or the strays) of a snapshot: eight tables, the rejects, and the counts as meta."""
    files = {f"{name}.parquet": table for name, table in extraction.tables.items()}
    meta = {
        "data_referencia": as_of.isoformat(),
        "contagens": {name: counts.to_json() for name, counts in extraction.counts.items()},
    }
    return lake.write(snapshot_path(snapshot_id, index), {**files, _REJECTS: extraction.rejects}, meta=meta)


def read_extraction(
    lake: ArtifactStore,
    snapshot_id: str,
    index: int | None,
    tables: Sequence[str] | None = None,
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> Extraction:
    """Return one range (or the strays), with all tables or those named; rejects and counts are always whole.

    Where ``columns`` names the columns of each table, only those are decoded, and texts that repeat stay coded by
    dictionary: a third of the time; the tables that it leaves out are compared with their checksums all the same.
    DataIntegrityError if it is not in the lake, or if a file read is not what was written.
    """
    path = snapshot_path(snapshot_id, index)
    manifest = lake.read_manifest(path)
    if manifest is None:
        raise DataIntegrityError(f"{path}: not in the lake")
    if columns is None:
        wanted = [table.name for table in TABLES] if tables is None else tables
        read = {name: _read_table(lake, path, TABLES_BY_NAME[name], manifest) for name in wanted}
    else:
        read = {
            name: _read_columns(lake, path, TABLES_BY_NAME[name], names, manifest=manifest)
            for name, names in columns.items()
        }
        for name in sorted(TABLES_BY_NAME.keys() - read):
            lake.read_bytes(path, f"{name}.parquet", manifest=manifest)
    return Extraction(
        tables=read,
        rejects=lake.read_table(path, _REJECTS, manifest=manifest).cast(REJECTS_SCHEMA),
        counts={name: TableCounts.from_json(body) for name, body in manifest.meta["contagens"].items()},
    )


def _read_table(lake: ArtifactStore, path: str, table: Table, manifest: Manifest) -> pa.Table:
    return lake.read_table(path, f"{table.name}.parquet", manifest=manifest).cast(table.lake_schema)


def _read_columns(
    lake: ArtifactStore, path: str, table: Table, names: Sequence[str], *, manifest: Manifest
) -> pa.Table:
    """Return some columns; texts are coded but the consumer's own, of which no two rows are alike."""
    unique = {"id", "cpf"} if table is CLIENTE else {"id"}
    coded = [name for name in names if name not in unique and pa.types.is_string(table.lake_schema.field(name).type)]
    return lake.read_table(path, f"{table.name}.parquet", names, coded=coded, manifest=manifest).select(names)
