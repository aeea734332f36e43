"""Rights on tables for the engine's roles: what each store's engine URL may do, and nothing more.

Granted by the owner after every migration; where engine and owner are the same login there is nothing to grant.
The engine owns the partitioned table ``score``, because PostgreSQL lets only a table's owner add partitions.
"""

from __future__ import annotations

import sqlalchemy as sa

from contracts.tables import Store, tables_of

RESULT_RIGHTS = {
    "execucao": ("select", "insert", "update", "delete"),
    "modelo": ("select", "insert", "update"),
    "rejeitado": ("select", "insert", "delete"),
    "auditoria": ("select", "insert"),
    "auditoria_diario": ("select", "insert", "update"),
    "apagamento": ("select", "insert", "update"),
    "revisao": ("select", "insert", "update", "delete"),
    "score_vigente": ("select",),
}
"""The audit trail can be added to, never altered; how far a journal segment has come can move on, never go."""

PARTITIONED = "score"


def grant_reading(connection: sa.Connection, store: Store, engine_role: str) -> None:
    """Let the engine's role read every table of Base A or B."""
    role = _quoted(connection, engine_role)
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"grant usage on schema {_schema(connection)} to {role}"))
    for table in tables_of(store):
        connection.execute(sa.text(f"grant select on {table.name} to {role}"))


def grant_results(connection: sa.Connection, engine_role: str) -> None:
    """Let the engine's role write results and own the partitioned table."""
    role, owner = _quoted(connection, engine_role), "current_user"
    connection.execute(sa.text(f"grant usage, create on schema {_schema(connection)} to {role}"))
    for table, rights in RESULT_RIGHTS.items():
        connection.execute(sa.text(f"grant {', '.join(rights)} on {table} to {role}"))
    connection.execute(sa.text(f"grant select on alembic_version to {role}"))
    connection.execute(sa.text(f"alter table {PARTITIONED} owner to {role}"))
    connection.execute(sa.text(f"grant select on {PARTITIONED} to {owner}"))  # its view reads as the owner


def _quoted(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


def _schema(connection: sa.Connection) -> str:
    return _quoted(connection, str(connection.scalar(sa.text("select current_schema()"))))
