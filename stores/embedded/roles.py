"""Roles and databases of the embedded PostgreSQL: owners that migrate, engine roles with the least rights.

The same roles as in ``deploy/sql``. Rights on tables are granted by the migrations, which know the tables.
"""

from __future__ import annotations

from typing import Any

import psycopg2

from stores.embedded.state import ServerRecord

SUPERUSER = "escore_raiz"
ROLES = {
    "base_a": ("escore_dono_a", "escore_leitor_a"),
    "base_b": ("escore_dono_b", "escore_leitor_b"),
    "score": ("escore_dono_score", "escore_motor"),
}
"""Database: (owner, engine role)."""

API_LOGIN = "escore_api"
API_DATABASE = "score"
LOGINS = (*(login for pair in ROLES.values() for login in pair), API_LOGIN)
SETTINGS = {"base_a": "base_a", "base_b": "base_b", "results": "score"}
"""Store, as the settings' names begin: database."""

CONNECT_SECONDS = 5


def provision(record: ServerRecord, *, only_check: bool) -> None:
    """Make roles and databases that are missing; psycopg2.OperationalError if the server does not answer yet."""
    connection = psycopg2.connect(
        host="127.0.0.1",
        port=record.port,
        user=SUPERUSER,
        password=record.secrets[SUPERUSER],
        dbname="postgres",
        connect_timeout=CONNECT_SECONDS,
    )
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            if not only_check:
                _make_roles(cursor, record.secrets)
                for database, (owner, reader) in ROLES.items():
                    make_database(cursor, database, owner=owner, reader=reader)
                _close_to_strangers(cursor)
    finally:
        connection.close()


def make_database(cursor: Any, name: str, *, owner: str, reader: str) -> None:
    """Create a database for its owner unless it exists, and let its engine role connect, and nobody else."""
    cursor.execute("select 1 from pg_database where datname = %s", (name,))
    if cursor.fetchone() is None:
        cursor.execute(f'create database "{name}" owner "{owner}"')
    cursor.execute(f'revoke all on database "{name}" from public')
    cursor.execute(f'grant connect on database "{name}" to "{reader}"')


def _make_roles(cursor: Any, secrets: dict[str, str]) -> None:
    for login in LOGINS:
        cursor.execute("select 1 from pg_roles where rolname = %s", (login,))
        if cursor.fetchone() is None:
            cursor.execute(f"create role {login} login nosuperuser nocreatedb nocreaterole")
        cursor.execute(f"alter role {login} password %s", (secrets[login],))
    cursor.execute("grant escore_motor to escore_dono_score")


def _close_to_strangers(cursor: Any) -> None:
    """Let the API into the results, and nobody but the superuser into the databases that every server has."""
    cursor.execute(f'grant connect on database "{API_DATABASE}" to {API_LOGIN}')
    cursor.execute("revoke all on database postgres, template1 from public")
