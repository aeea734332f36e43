"""The feature table as of a date: lake tables in, one row a consumer known by then out.

The declared SQL is evaluated column by column over the sorted records (``columnar``). Where a number does not fit 64
bits, an in-memory DuckDB (``engines``) runs the same SQL as one query: its sums have 128. Only the columns that the
catalog declares are looked at; no file is written, no network touched. Sums are of integers and every ratio is one
division, so the same facts give the same bits whatever the order, the chunks, the threads or the range.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

import duckdb
import pyarrow as pa

from contracts.errors import DataIntegrityError
from features.catalog import CATALOG, Catalog, table_columns
from features.columnar import compute_features
from features.engines import connect, engine_errors, run_planned
from features.plan import plan_catalog
from features.query import feature_query


def build_features(
    tables: Mapping[str, pa.Table], as_of: date, *, threads: int | None = None, catalog: Catalog = CATALOG
) -> pa.Table:
    """Return the catalog's features of every client known at ``as_of``, sorted by cpf.

    ``tables`` holds the lake tables by name, each of ``Table.lake_schema``, of one CPF range or of many; ``pessoa``
    and columns that the catalog does not declare are not needed, and texts may be coded by dictionary. ``threads``
    defaults to every core. DataIntegrityError lists all tables and columns that are missing or of another type, and
    tells of a value that cannot be used or a range that does not fit in memory. The result's schema is
    ``catalog.schema``.
    """
    inputs = _declared_inputs(tables, catalog)
    try:
        result = compute_features(
            plan_catalog(catalog), inputs, as_of, threads=threads or os.cpu_count() or 1, schema=catalog.schema
        )
    except pa.ArrowInvalid:  # a number that 64 bits cannot hold
        result = query_features(inputs, as_of, threads=threads, catalog=catalog)
    return result.combine_chunks()


def query_features(
    inputs: Mapping[str, pa.Table], as_of: date, *, threads: int | None = None, catalog: Catalog = CATALOG
) -> pa.Table:
    """Return what ``build_features`` does, as one DuckDB query over the declared columns of each table."""
    return run_planned(feature_query(catalog), inputs, as_of, threads=threads).cast(catalog.schema)


@contextmanager
def open_engine(
    tables: Mapping[str, pa.Table], as_of: date, *, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield an engine that knows these tables by name and the catalog's words as of a date, and nothing else.

    What fails within the block is a DataIntegrityError without the engine's own message (``engine_errors``).
    """
    with connect(as_of, threads=threads) as connection, engine_errors():
        for name, table in tables.items():
            connection.register(name, table)
        yield connection


def declared_columns(catalog: Catalog = CATALOG) -> dict[str, tuple[str, ...]]:
    """Return the lake columns that ``build_features`` reads, by table."""
    return {family.table.name: table_columns(family) for family in catalog.families}


def _declared_inputs(tables: Mapping[str, pa.Table], catalog: Catalog) -> dict[str, pa.Table]:
    """Return the declared columns of each table; DataIntegrityError lists all that is missing or mistyped."""
    problems, inputs = [], {}
    for family in catalog.families:
        name, columns = family.table.name, table_columns(family)
        if name not in tables:
            problems.append(f"table {name} is missing")
            continue
        found = _column_problems(tables[name].schema, family.table.lake_schema, columns)
        problems += [f"{name}.{problem}" for problem in found]
        if not found:
            inputs[name] = tables[name].select(columns)
    if problems:
        raise DataIntegrityError("; ".join(problems))
    return inputs


def _column_problems(schema: pa.Schema, declared: pa.Schema, columns: Sequence[str]) -> list[str]:
    problems = []
    for column in columns:
        expected = declared.field(column).type
        if column not in schema.names:
            problems.append(f"{column} is missing")
        elif (found := schema.field(column).type) != expected and not _is_coded(found, expected):
            problems.append(f"{column} is {found}, not {expected}")
    return problems


def _is_coded(found: pa.DataType, expected: pa.DataType) -> bool:
    """Return whether a column holds the expected values by dictionary, as Parquet may hand them over."""
    return bool(pa.types.is_dictionary(found) and found.value_type == expected)
