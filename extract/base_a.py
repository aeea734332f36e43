"""Base A: the queries, built once for every database, and their way into Arrow for each.

Oracle through its Arrow fetch, PostgreSQL through COPY, anything else through a cursor; both queries of a
range run in one read-only transaction, so that a debt never lacks the client it was read with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa
import sqlalchemy as sa

from contracts.extraction import CpfRange
from contracts.table_declaration import Kind, Table
from contracts.tables import CLIENTE, DIVIDA
from extract.conversion import arrow_type_of, convert_column, records_of
from extract.cursor_rows import fetch_rows
from extract.oracle_frames import fetch_frames
from extract.postgres_copy import copy_query
from extract.records import Records
from extract.relational_tables import relation_of, within
from extract.store_errors import reading_engine
from extract.watermark import times_of

Query = sa.Select[tuple[object, ...]]

_CLIENTE = relation_of(CLIENTE)
_DIVIDA = relation_of(DIVIDA)


def range_queries(cpf_range: CpfRange) -> dict[Table, Query]:
    """Return the queries of one range: clients by CPF, and debts with the CPF of their client."""
    clients = sa.select(*_CLIENTE.c).where(within(_CLIENTE.c.cpf, cpf_range)).order_by(_CLIENTE.c.cpf)
    debts = (
        sa.select(_CLIENTE.c.cpf, *_DIVIDA.c)
        .join_from(_DIVIDA, _CLIENTE, _DIVIDA.c.cliente_id == _CLIENTE.c.id)
        .where(within(_CLIENTE.c.cpf, cpf_range))
        .order_by(_CLIENTE.c.cpf)
    )
    return {CLIENTE: clients, DIVIDA: debts}


def changed_query(query: Query, table: Table, since: datetime) -> Query:
    """Return a table's query, of the rows alone that are of ``since`` (UTC) or later by any time, or lack one."""
    times = [relation_of(table).c[name] for name in times_of(table)]
    return query.where(sa.or_(*(sa.or_(time >= since, time.is_(None)) for time in times)))


def key_query(query: Query, table: Table) -> Query:
    """Return a table's query, of the keys alone."""
    return query.with_only_columns(relation_of(table).c[table.key]).order_by(None)


def stray_queries() -> dict[Table, Query]:
    """Return the queries of what no range holds: clients without a CPF, debts without a client or of such."""
    clients = sa.select(*_CLIENTE.c).where(_CLIENTE.c.cpf.is_(None)).order_by(_CLIENTE.c.id)
    debts = (
        sa.select(_CLIENTE.c.cpf, *_DIVIDA.c)
        .join_from(_DIVIDA, _CLIENTE, _DIVIDA.c.cliente_id == _CLIENTE.c.id, isouter=True)
        .where(_CLIENTE.c.cpf.is_(None))
        .order_by(_DIVIDA.c.id)
    )
    return {CLIENTE: clients, DIVIDA: debts}


def read_range(engine: sa.Engine, cpf_range: CpfRange) -> dict[str, Records]:
    """Return the clients and debts of one range, by table name."""
    return read_queries(engine, range_queries(cpf_range))


def read_strays(engine: sa.Engine) -> dict[str, Records]:
    """Return the clients and debts that no range holds, by table name."""
    return read_queries(engine, stray_queries())


def read_queries(engine: sa.Engine, queries: Mapping[Table, Query]) -> dict[str, Records]:
    """Return the records of several queries, all of the same instant, by table name."""
    with reading_engine(engine), engine.connect() as plain:
        return _read_all(_begin_snapshot(plain), queries)


def read_queries_and_keys(
    engine: sa.Engine, queries: Mapping[Table, Query], table: Table, keys: Query
) -> tuple[dict[str, Records], pa.Array]:
    """Return the records of several queries and all keys that another gives of a table, all of the same instant."""
    with reading_engine(engine), engine.connect() as plain:
        connection = _begin_snapshot(plain)
        records = _read_all(connection, queries)
        listed = _fetch(connection, table, keys)[table.key].combine_chunks()
        return records, convert_column(Kind.TEXT, listed).values


def _read_all(connection: sa.Connection, queries: Mapping[Table, Query]) -> dict[str, Records]:
    return {table.name: records_of(table, _fetch(connection, table, query)) for table, query in queries.items()}


def _begin_snapshot(connection: sa.Connection) -> sa.Connection:
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if connection.dialect.name == "oracle":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    return connection


def _fetch(connection: sa.Connection, table: Table, query: Query) -> pa.Table:
    if connection.dialect.name == "oracle":
        return fetch_frames(connection.connection.driver_connection, query)  # type: ignore[arg-type]
    types = {
        column.name: pa.string() if column.name == "cpf" else arrow_type_of(table.column(column.name))
        for column in query.selected_columns
    }
    if connection.dialect.driver == "psycopg2":
        return copy_query(connection, query, types)
    return fetch_rows(connection, query, types)
