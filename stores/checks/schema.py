"""Relational tables against their declaration: presence, columns, type families, nullability, indexes.

Works through SQLAlchemy's inspector, so it holds for PostgreSQL and Oracle alike; on Oracle, where nobody
has run it yet, the engine's login may see the owner's tables through synonyms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import DatabaseError

from contracts.table_declaration import Column, Kind, Table
from stores.checks.problem import Problem

MIGRATE = "Run the migrations (`escore up` does), or create what is missing"
GRANT = "Grant it; deploy/sql holds the statements"
VIEWS = "Make sure that the tables below it have the indexes of the declaration"


def check_tables(connection: sa.Connection, store: str, tables: Sequence[Table]) -> list[Problem]:
    """Return every way in which the tables differ from their declaration."""
    inspector = sa.inspect(connection)
    return [problem for table in tables for problem in _check_table(connection, inspector, store, table)]


def can_select(connection: sa.Connection, table: str) -> bool:
    """Return whether the login may read a table that exists."""
    probe: sa.Select[Any] = (
        sa.select(sa.literal_column("1")).select_from(sa.table(table)).where(sa.literal_column("1") == 0)
    )
    try:
        with connection.begin_nested():
            connection.execute(probe)
    except DatabaseError:
        return False
    return True


def _check_table(connection: sa.Connection, inspector: sa.Inspector, store: str, table: Table) -> Iterator[Problem]:
    options: dict[str, Any] = {"oracle_resolve_synonyms": True} if connection.dialect.name == "oracle" else {}
    try:
        columns = {str(c["name"]): c for c in inspector.get_columns(table.name, **options)}
    except sa.exc.NoSuchTableError:
        columns = {}
    if not columns:
        yield Problem(store, "table", f"table {table.name} does not exist, or this login cannot see it", MIGRATE)
        return
    if not can_select(connection, table.name):
        yield Problem(store, "rights", f"this login may not read table {table.name}", GRANT)
    yield from _check_columns(store, table, columns, is_oracle=connection.dialect.name == "oracle")
    if table.name in inspector.get_view_names():
        yield Problem(store, "index", f"{table.name} is a view: its indexes cannot be verified", VIEWS, "warning")
        return
    yield from _check_nullability(store, table, columns)
    yield from _check_indexes(store, table, inspector, options)


def _check_columns(
    store: str, table: Table, columns: dict[str, ReflectedColumn], *, is_oracle: bool
) -> Iterator[Problem]:
    for declared in table.columns:
        name = f"{table.name}.{declared.name}"
        found = columns.get(declared.name)
        if found is None:
            yield Problem(store, "column", f"column {name} does not exist", MIGRATE)
            continue
        if not _is_of_kind(found["type"], declared, is_oracle=is_oracle):
            message = f"column {name} is {_type_name(found['type'])} where {_EXPECTED[declared.kind]} is expected"
            yield Problem(store, "column", message, "Change its type, or put a view in the table's place")


def _check_nullability(store: str, table: Table, columns: dict[str, ReflectedColumn]) -> Iterator[Problem]:
    for name in sorted({table.key, table.joins_by, table.known_at or table.key} & columns.keys()):
        if columns[name]["nullable"] and not table.column(name).nullable:
            message = f"column {table.name}.{name} may be null"
            yield Problem(store, "column", message, "Declare it NOT NULL: records without it are rejected", "warning")


def _check_indexes(store: str, table: Table, inspector: sa.Inspector, options: dict[str, Any]) -> Iterator[Problem]:
    unique: list[tuple[str | None, ...]] = []
    unique.append(tuple(inspector.get_pk_constraint(table.name, **options)["constrained_columns"]))
    unique += [tuple(c["column_names"]) for c in inspector.get_unique_constraints(table.name, **options)]
    plain: list[tuple[str | None, ...]] = []
    for index in inspector.get_indexes(table.name, **options):
        if index.get("dialect_options", {}).get("postgresql_where"):
            continue  # a partial index serves only some queries
        (unique if index["unique"] else plain).append(tuple(index["column_names"]))
    keys = ([(table.primary_key,)] if table.primary_key else []) + list(table.unique)
    for wanted in (*keys, *table.indexes):
        listed = ", ".join(wanted)
        if not any(columns[: len(wanted)] == wanted for columns in (*unique, *plain)):
            yield Problem(store, "index", f"table {table.name} has no index that begins with ({listed})", MIGRATE)
        elif wanted in keys and wanted not in unique:
            message = f"table {table.name}: ({listed}) is not declared unique"
            yield Problem(store, "index", message, "Declare it unique: duplicates are rejected", "warning")


_EXPECTED = {
    Kind.TEXT: "text",
    Kind.DATE: "a date",
    Kind.INSTANT: "a timestamp without time zone",
    Kind.MONEY: "a decimal number with at most two decimals",
}


def _is_of_kind(found: Any, declared: Column, *, is_oracle: bool) -> bool:
    if declared.kind is Kind.TEXT:
        return isinstance(found, sa.String)
    if declared.kind is Kind.DATE:  # Oracle's DATE also holds a time of day, and reflects as a DateTime
        return isinstance(found, (sa.Date, sa.DateTime) if is_oracle else sa.Date)
    if declared.kind is Kind.INSTANT:
        return isinstance(found, sa.DateTime) and not found.timezone
    is_decimal = isinstance(found, sa.Numeric) and not isinstance(found, sa.Float)
    return is_decimal and found.scale is not None and 0 <= found.scale <= 2


def _type_name(found: Any) -> str:
    return str(found).lower() + (" with time zone" if getattr(found, "timezone", False) else "")
