"""The feature table as of a date: lake tables in, one row a consumer known by then out.

Every call has its own in-memory DuckDB, reads the Arrow tables where they lie, writes no file and touches no
network; only the columns that the catalog declares are handed to it. Sums are of integers and every ratio is
one division, so the same facts give the same bits whatever the order, the chunks, the threads or the range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

import duckdb
import pyarrow as pa

from contracts.errors import DataIntegrityError
from features.catalog import CATALOG, Catalog, table_columns
from features.query import feature_query
from features.vocabulary import macro_statements

MEMORY_LIMIT = "6GB"
"""What one call may use beside its input; nothing spills to disk, for spilt rows would be personal data."""

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
    "memory_limit": MEMORY_LIMIT,
    "preserve_insertion_order": False,
    "python_enable_replacements": False,
    "temp_directory": "",
}


def build_features(
    tables: Mapping[str, pa.Table], as_of: date, *, threads: int | None = None, catalog: Catalog = CATALOG
) -> pa.Table:
    """Return the catalog's features of every client known at ``as_of``, sorted by cpf.

    ``tables`` holds the lake tables by name, each of ``Table.lake_schema``, of one CPF range or of many;
    ``pessoa`` is not needed. ``threads`` defaults to every core. DataIntegrityError lists all tables and
    columns that are missing or of another type, and tells of a value that cannot be used or a range that
    does not fit in memory. The result's schema is ``catalog.schema``.
    """
    with open_engine(_declared_inputs(tables, catalog), as_of, threads=threads) as engine:
        result = engine.sql(feature_query(catalog)).to_arrow_table()
        return result.cast(catalog.schema).combine_chunks()


@contextmanager
def open_engine(
    tables: Mapping[str, pa.Table], as_of: date, *, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield an engine that knows these tables by name and the catalog's words as of a date, and nothing else.

    What fails within the block is a DataIntegrityError without the engine's own message, which may quote a value.
    """
    config = _CONFIG if threads is None else {**_CONFIG, "threads": threads}
    with duckdb.connect(":memory:", config=config) as connection:
        for statement in macro_statements(as_of):
            connection.execute(statement)
        for name, table in tables.items():
            connection.register(name, table)
        try:
            yield connection
        except duckdb.OutOfMemoryException as error:
            raise DataIntegrityError(f"features need more than {MEMORY_LIMIT}: use a smaller CPF range") from error
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException):
            raise DataIntegrityError("a lake table holds a value that its checks should have refused") from None


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
        elif schema.field(column).type != expected:
            problems.append(f"{column} is {schema.field(column).type}, not {expected}")
    return problems
