"""Base B: people, their income and their assets, a CPF range at a time, through COPY."""

from __future__ import annotations

import sqlalchemy as sa

from contracts.extraction import CpfRange
from contracts.table_declaration import Store, Table
from contracts.tables import tables_of
from extract.base_a import Query, read_queries
from extract.records import Records
from extract.relational_tables import relation_of, within


def range_queries(cpf_range: CpfRange) -> dict[Table, Query]:
    """Return one index range scan for each table."""
    relations = {table: relation_of(table) for table in tables_of(Store.B)}
    return {table: sa.select(*r.c).where(within(r.c.cpf, cpf_range)) for table, r in relations.items()}


def stray_queries() -> dict[Table, Query]:
    """Return the queries of rows without a CPF, which no range holds."""
    relations = {table: relation_of(table) for table in tables_of(Store.B)}
    return {table: sa.select(*r.c).where(r.c.cpf.is_(None)) for table, r in relations.items()}


def read_range(engine: sa.Engine, cpf_range: CpfRange) -> dict[str, Records]:
    """Return the records of one range, all of the same instant, by table name."""
    return read_queries(engine, range_queries(cpf_range))


def read_strays(engine: sa.Engine) -> dict[str, Records]:
    """Return the records without a CPF, by table name."""
    return read_queries(engine, stray_queries())
