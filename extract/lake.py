"""Snapshots in the lake: one artifact a CPF range and one for the strays, each with its counts and checksums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa

from contracts.artifacts import ArtifactStore
from contracts.documents import reading_document
from contracts.errors import DataIntegrityError
from contracts.extraction import REJECTS_SCHEMA, Extraction, TableCounts
from contracts.manifests import Manifest
from contracts.table_declaration import Table
from contracts.tables import CLIENTE, TABLES, TABLES_BY_NAME
from extract.asides import RESTORED

_SNAPSHOTS = "snapshots"
_STRAYS = "avulsos"
_REJECTS = "rejeitado.parquet"
_ASIDE = "aparte-"
"""Begins the name of the file with a table's records that the snapshot read but did not admit to the table."""

_HEADS = "anteriores"
_READ_WHOLE = "lidas_por_inteiro"


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
    """Write one range (or the strays) of a snapshot: eight tables, the rejects, what was set aside; counts as meta."""
    files = {f"{name}.parquet": table for name, table in extraction.tables.items()}
    files |= {f"{_ASIDE}{name}.parquet": table for name, table in extraction.aside.items() if table.num_rows}
    meta: dict[str, Any] = {
        "data_referencia": as_of.isoformat(),
        "contagens": {name: counts.to_json() for name, counts in extraction.counts.items()},
    }
    if extraction.heads:
        meta[_HEADS] = {name: list(heads) for name, heads in extraction.heads.items()}
    if extraction.read_whole is not None:
        meta[_READ_WHOLE] = list(extraction.read_whole)
    return lake.write(snapshot_path(snapshot_id, index), {**files, _REJECTS: extraction.rejects}, meta=meta)


def read_extraction(  # noqa: PLR0913 - where it lies, and what is wanted of it
    lake: ArtifactStore,
    snapshot_id: str,
    index: int | None,
    tables: Sequence[str] | None = None,
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    manifest: Manifest | None = None,
) -> Extraction:
    """Return one range (or the strays), with all tables or those named; rejects and counts are always whole.

    Where ``columns`` names the columns of each table, only those are decoded, and texts that repeat stay coded by
    dictionary: a third of the time; the files that it leaves out are compared with their checksums all the same.
    ``manifest`` is the range's, where the caller has read it already. DataIntegrityError if it is not in the lake, or
    if a file read is not what was written.
    """
    path = snapshot_path(snapshot_id, index)
    manifest = manifest or _manifest(lake, path)
    with reading_document(path):
        if columns is None:
            wanted = [table.name for table in TABLES] if tables is None else tables
            read = {name: _read_table(lake, path, TABLES_BY_NAME[name], manifest) for name in wanted}
        else:
            read = {
                name: _read_columns(lake, path, TABLES_BY_NAME[name], names, manifest=manifest)
                for name, names in columns.items()
            }
            used = {_REJECTS, *(f"{name}.parquet" for name in read)}
            every = {*manifest.files, *(f"{name}.parquet" for name in TABLES_BY_NAME)}
            for file in sorted(every - used):
                lake.check(path, file, manifest=manifest)
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


def read_base(lake: ArtifactStore, snapshot_id: str, index: int | None) -> Extraction:
    """Return what an incremental run starts from: the restorable tables, with what was set aside, and the heads.

    DataIntegrityError if it is not in the lake, was left by an engine that set nothing aside, or is damaged.
    """
    path = snapshot_path(snapshot_id, index)
    manifest = _manifest(lake, path)
    names = [table.name for table in RESTORED]
    extraction = read_extraction(lake, snapshot_id, index, tables=names, manifest=manifest)
    files = {name: f"{_ASIDE}{name}.parquet" for name in names}
    aside = {n: lake.read_table(path, file, manifest=manifest) for n, file in files.items() if file in manifest.files}
    return replace(extraction, aside=aside, heads=_heads(path, manifest))


def read_heads(lake: ArtifactStore, snapshot_id: str, index: int | None) -> dict[str, tuple[int, ...]]:
    """Return how many of each collection's documents are older than k days before the cutoff, for k from 0."""
    path = snapshot_path(snapshot_id, index)
    return _heads(path, _manifest(lake, path))


def read_whole(lake: ArtifactStore, snapshot_id: str, index: int | None) -> tuple[str, ...] | None:
    """Return which tables an incremental run read whole in a range; None if it was no incremental run."""
    path = snapshot_path(snapshot_id, index)
    manifest = lake.read_manifest(path)
    names = None if manifest is None else manifest.meta.get(_READ_WHOLE)
    with reading_document(path):
        return None if names is None else tuple(TABLES_BY_NAME[name].name for name in names)


def _manifest(lake: ArtifactStore, path: str) -> Manifest:
    manifest = lake.read_manifest(path)
    if manifest is None:
        raise DataIntegrityError(f"{path}: not in the lake")
    return manifest


def _heads(path: str, manifest: Manifest) -> dict[str, tuple[int, ...]]:
    if _HEADS not in manifest.meta:
        raise DataIntegrityError(f"{path}: no snapshot that an incremental run can start from")
    with reading_document(path):
        return {name: tuple(map(_whole, heads)) for name, heads in manifest.meta[_HEADS].items()}


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not a count")
    return value
