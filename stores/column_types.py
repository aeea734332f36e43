"""The SQL type of a declared column, in SQLAlchemy's words: each dialect makes its own of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from contracts.table_declaration import Column, Kind


def sql_type(column: Column) -> sa.types.TypeEngine[Any]:
    """Return the type that a column of Bases A and B has."""
    if column.kind is Kind.MONEY:
        return sa.Numeric(column.precision, 2)
    if column.kind is Kind.DATE:
        return sa.Date()
    if column.kind is Kind.INSTANT:
        return sa.TIMESTAMP()
    return sa.String(column.length)
