"""Rights on tables for every role but the owners: what each may do, and nothing more.

Granted by the owner after every migration; where two roles are the same login there is nothing to grant. The engine
owns the partitioned table ``score``, because PostgreSQL lets only a table's owner add partitions.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from contracts.table_declaration import Store
from contracts.tables import tables_of

Rights = Mapping[str, tuple[str, ...]]

RESULT_RIGHTS: Rights = {
    "execucao": ("select", "insert", "update"),
    "modelo": ("select", "insert", "update"),
    "rejeitado": ("select", "insert", "delete"),
    "auditoria": ("select", "insert"),
    "auditoria_diario": ("select", "insert", "update"),
    "apagamento": ("select", "insert", "update"),
    "pedido_apagamento": ("select", "insert", "update"),
    "revisao": ("select", "insert", "update", "delete"),
    "score_vigente": ("select",),
}
"""The engine's. The audit trail can be added to, never altered; how far a journal segment has come can move on, never
go. Replays and looks at the audit are entered in it."""

API_RIGHTS: Rights = {
    "execucao": ("select",),
    "modelo": ("select",),
    "score": ("select",),
    "auditoria": ("select", "insert"),
    "auditoria_diario": ("select", "insert", "update"),
    "revisao": ("select", "insert"),
}
"""The API's, where it has a login of its own: it reads scores and their model, and writes the audit and requests for
review; what became of a request is not its to say."""

ANALYST = "escore_analista"
AUDITOR = "escore_auditor"
READER_RIGHTS: Mapping[str, Rights] = {
    ANALYST: dict.fromkeys(("execucao", "modelo", "score", "score_vigente", "rejeitado"), ("select",)),
    AUDITOR: {
        **dict.fromkeys(("execucao", "modelo", "auditoria", "auditoria_diario"), ("select",)),
        "apagamento": ("select (titular, pedido_em, concluido_em, contagens, readmitido_em)",),
        "pedido_apagamento": (
            "select (id, titular, situacao, pedido_em, tentativas, tentado_em, motivo, concluido_em, prova)",
        ),
        "revisao": ("select (id, execucao_id, situacao, resultado, pedida_em, concluida_em)",),
    },
}
"""People's, by the names of ``deploy/sql``, granted where the roles may enter the database. Who read whose data is the
auditor's to see, and how long a request for review waited; no score is, nor who asked."""

PARTITIONED = "score"
_APIS_ALONE: Rights = {"auditoria_diario": ("select", "insert", "update"), "revisao": ("insert",)}
"""None of the engine's business once the API has a login of its own."""


def engine_rights(*, has_api_login: bool) -> Rights:
    """Return the engine's rights on the results, without what the API alone does if it has a login of its own."""
    apis = _APIS_ALONE if has_api_login else {}
    left = {table: tuple(r for r in rights if r not in apis.get(table, ())) for table, rights in RESULT_RIGHTS.items()}
    return {table: rights for table, rights in left.items() if rights}


def grant_reading(connection: sa.Connection, store: Store, engine_role: str) -> None:
    """Let the engine's role read every table of Base A or B; Oracle's READ does not lock rows, as its SELECT does."""
    role = _quoted(connection, engine_role)
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"grant usage on schema {_schema(connection)} to {role}"))
    right = "read" if connection.dialect.name == "oracle" else "select"
    for table in tables_of(store):
        connection.execute(sa.text(f"grant {right} on {table.name} to {role}"))


def grant_results(connection: sa.Connection, engine_role: str, *, api_role: str | None = None) -> None:
    """Let the engine's role write results and own the partitioned table; the API's and people's get theirs."""
    role, owner = _quoted(connection, engine_role), "current_user"
    connection.execute(sa.text(f"grant usage, create on schema {_schema(connection)} to {role}"))
    for table in RESULT_RIGHTS:
        connection.execute(sa.text(f"revoke all on {table} from {role}"))
    _grant(connection, role, engine_rights(has_api_login=api_role is not None))
    connection.execute(sa.text(f"grant select on alembic_version to {role}"))
    connection.execute(sa.text(f"alter table {PARTITIONED} owner to {role}"))
    connection.execute(sa.text(f"grant select on {PARTITIONED} to {owner}"))  # its view reads as the owner
    if api_role is not None:
        _grant_alone(connection, api_role, API_RIGHTS)
    for reader, rights in READER_RIGHTS.items():
        if reader != engine_role and _may_enter(connection, reader):
            _grant_alone(connection, reader, rights)


def _grant_alone(connection: sa.Connection, name: str, rights: Rights) -> None:
    """Grant these rights on the results, and take away whatever else was granted before."""
    role, schema = _quoted(connection, name), _schema(connection)
    for table in {*RESULT_RIGHTS, *API_RIGHTS}:
        connection.execute(sa.text(f"revoke all on {table} from {role}"))
    connection.execute(sa.text(f"alter default privileges in schema {schema} revoke all on tables from {role}"))
    connection.execute(sa.text(f"grant usage on schema {schema} to {role}"))
    _grant(connection, role, rights)


def _grant(connection: sa.Connection, role: str, rights: Rights) -> None:
    for table, names in rights.items():
        connection.execute(sa.text(f"grant {', '.join(names)} on {table} to {role}"))


def _may_enter(connection: sa.Connection, role: str) -> bool:
    """Return whether there is such a role, and it may connect to this database."""
    asked = sa.text(
        "select has_database_privilege(rolname, current_database(), 'connect') from pg_roles where rolname = :role"
    )
    return bool(connection.scalar(asked, {"role": role}))


def _quoted(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


def _schema(connection: sa.Connection) -> str:
    return _quoted(connection, str(connection.scalar(sa.text("select current_schema()"))))
