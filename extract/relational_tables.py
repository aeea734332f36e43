"""SQLAlchemy tables of Bases A and B, derived from the contract, and the bounds of a CPF range."""

from __future__ import annotations

import sqlalchemy as sa

from contracts.extraction import CpfRange
from contracts.table_declaration import Table
from stores.column_types import sql_type

METADATA = sa.MetaData()


def relation_of(table: Table) -> sa.Table:
    """Return the table with its read columns (and no others), as queries name it."""
    if table.name in METADATA.tables:
        return METADATA.tables[table.name]
    columns = [sa.Column(column.name, sql_type(column)) for column in table.read_columns]
    return sa.Table(table.name, METADATA, *columns)


def within(column: sa.ColumnElement[str], cpf_range: CpfRange) -> sa.ColumnElement[bool]:
    """Return the condition that a CPF lies in the range; a null CPF lies in none."""
    bounds = []
    if cpf_range.lower is not None:
        bounds.append(column >= cpf_range.lower)
    if cpf_range.upper is not None:
        bounds.append(column < cpf_range.upper)
    return sa.and_(*bounds) if bounds else column.is_not(None)
