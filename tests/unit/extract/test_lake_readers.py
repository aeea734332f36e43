"""A snapshot is read by tools that know nothing of the engine: a glob over its ranges, with the declared types."""

from __future__ import annotations

from datetime import date

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import dataset

from contracts.artifacts import ArtifactStore
from contracts.extraction import REJECTS_SCHEMA, Extraction, TableCounts
from contracts.table_declaration import Table
from contracts.tables import TABLES
from extract.lake import write_extraction
from tests.lake_samples import random_rows, to_tables

AS_OF = date(2025, 6, 30)
RANGES = 3
DUCKDB_TYPES = {
    pa.string(): "VARCHAR",
    pa.date32(): "DATE",
    pa.int64(): "BIGINT",
    pa.timestamp("us"): "TIMESTAMP",
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """Ranges with rows, one without any, and the strays."""
    root = tmp_path_factory.mktemp("lago")
    lake, held = ArtifactStore(root), {table.name: [] for table in TABLES}
    counts = {table.name: TableCounts() for table in TABLES}
    for index in [*range(RANGES), None]:
        empty = {table.name: table.lake_schema.empty_table() for table in TABLES}
        tables = to_tables(random_rows(index, clients=40, as_of=AS_OF)) if index in (0, 1) else empty
        write_extraction(lake, "s1", index, Extraction(tables, REJECTS_SCHEMA.empty_table(), counts), as_of=AS_OF)
        for name, table in tables.items():
            held[name].append(table)
    return root / "snapshots" / "s1", {name: pa.concat_tables(parts) for name, parts in held.items()}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_duckdb_reads_all_ranges_by_a_glob(snapshot, table: Table):
    root, held = snapshot
    files = f"read_parquet('{root}/*/{table.name}.parquet')"
    described = duckdb.sql(f"describe select * from {files}").fetchall()
    assert [(row[0], row[1]) for row in described] == [(f.name, DUCKDB_TYPES[f.type]) for f in table.lake_schema]
    assert duckdb.sql(f"select count(*) from {files}").fetchall() == [(held[table.name].num_rows,)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_pandas_and_arrow_read_all_ranges(snapshot, table: Table):
    root, held = snapshot
    files = sorted(root.glob(f"*/{table.name}.parquet"))
    assert len(files) == RANGES + 1
    read = dataset.dataset(files).to_table()
    assert read.schema.names == table.lake_schema.names
    assert read.schema.types == table.lake_schema.types
    frame = pd.concat([pd.read_parquet(file, dtype_backend="pyarrow") for file in files])
    assert list(frame.columns) == table.lake_schema.names
    assert [dtype.pyarrow_dtype for dtype in frame.dtypes] == table.lake_schema.types
    assert len(frame) == held[table.name].num_rows
