"""Makes the roles of the four stores, from within the network: ``python make_roles.py``; safe to repeat.

Runs the scripts of ``deploy/sql`` with the administrators' logins. ``ADMIN_X`` is the secret of a store's
administrator, ``ROLE_X`` that of the login X, each a JSON document with ``username`` and ``password``; ``X_HOST`` is
where a store is, and ``BASE_C_ADMIN_URL`` Base C with its administrator, if it is here. What is there
already stays as it is, password and all.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import logins
from sql_scripts import Step, mongo_users, oracle_statements, psql_steps

SCRIPTS = Path(__file__).parent / "deploy" / "sql"
ADMINISTRATOR, ROLE = "ADMIN_", "ROLE_"
SECONDS = 20
THERE_ALREADY = ("42710", "42P04")
"""PostgreSQL's states of a role and of a database that exist."""
NOT_ALLOWED = "42501"
LOG_SETTING = ("alter database", " set log_")
"""What RDS keeps from its administrators, and has in the parameter group of base-b.yaml instead."""
ORACLE_THERE_ALREADY = (1920, 955)
Counts = dict[str, int]
IAM = "select format('grant %I to escore_analista', rolname) from pg_roles where rolname = 'rds_iam'"
"""People log in by IAM, where there is such a thing."""


class PostgresScripts:
    """Runs psql's scripts on one server as its administrator, who need not be a superuser."""

    def __init__(self, address: Mapping[str, Any]) -> None:
        self._address = address
        self.counts: Counts = {"made": 0, "there already": 0, "left to the parameter group": 0}

    def run(self, steps: Iterable[Step], *, database: str = "postgres") -> None:
        """Run the steps, the first ones in this database."""
        connection = self._connected(database)
        for step in steps:
            if step.kind == "connect":
                connection.close()
                connection = self._connected(step.text)
            elif step.kind == "gexec":
                for row in connection.execute(step.text).fetchall():
                    self._execute(connection, row[0])
            else:
                self._execute(connection, step.text)
        connection.close()

    def _connected(self, database: str) -> Any:
        import psycopg  # noqa: PLC0415 - each store's driver where it is used

        connection = psycopg.connect(dbname=database, autocommit=True, connect_timeout=SECONDS, **self._address)
        connection.execute("set createrole_self_grant = 'set, inherit'")  # who makes a role may act for it
        return connection

    def _execute(self, connection: Any, statement: str) -> None:
        import psycopg  # noqa: PLC0415

        try:
            connection.execute(statement)
        except psycopg.Error as error:
            if error.sqlstate in THERE_ALREADY:
                self.counts["there already"] += 1
            elif error.sqlstate == NOT_ALLOWED and all(part in statement for part in LOG_SETTING):
                self.counts["left to the parameter group"] += 1
            else:  # the server's own words may quote the statement, and with it a password
                raise SystemExit(f"PostgreSQL refused a statement: {error.sqlstate}") from None
        else:
            self.counts["made"] += 1


def make_base_b(server: PostgresScripts, passwords: Mapping[str, str]) -> Counts:
    """Make Base B's roles and its database."""
    variables = {"dono_senha": passwords["escore_dono_b"], "leitor_senha": passwords["escore_leitor_b"]}
    server.run(psql_steps(_read("postgresql_base_b.sql"), variables))
    return _alternates(server, "base_b", ("escore_leitor_b",))


def make_results(server: PostgresScripts, passwords: Mapping[str, str]) -> Counts:
    """Make the results' roles and database, and Prefect's where it has a login; the analyst has no password."""
    variables = {f"{name}_senha": passwords[f"escore_{name}"] for name in ("motor", "api", "auditor")}
    variables |= {"dono_senha": passwords["escore_dono_score"], "analista_senha": token_urlsafe(32)}
    server.run(psql_steps(_read("postgresql_results.sql"), variables))
    server.run([Step("gexec", IAM)])
    if "escore_prefect" in passwords:
        server.run(psql_steps(_read("postgresql_prefect.sql"), {"prefect_senha": passwords["escore_prefect"]}))
    return _alternates(server, "score", ("escore_motor", "escore_api", "escore_auditor"))


def _alternates(server: PostgresScripts, database: str, roles: Iterable[str]) -> Counts:
    """Make the second logins that passwords alternate to; return what the server was told in all."""
    for role in roles:
        server.run(psql_steps(_read("postgresql_alternates.sql"), {"papel": role}), database=database)
    return server.counts


def make_oracle(cursor: Any, passwords: Mapping[str, str]) -> Counts:
    """Make Base A's users by a cursor of its administrator's."""
    import oracledb  # noqa: PLC0415

    counts = {"made": 0, "there already": 0}
    for statement in oracle_statements(_read("oracle_base_a.sql"), passwords):
        try:
            cursor.execute(statement)
        except oracledb.DatabaseError as error:
            if error.args[0].code not in ORACLE_THERE_ALREADY:
                raise SystemExit(f"Oracle refused a statement: {error.args[0].full_code}") from None
            counts["there already"] += 1
        else:
            counts["made"] += 1
    return counts


def make_mongo(database: Any, passwords: Mapping[str, str]) -> Counts:
    """Make Base C's users in the administrators' database."""
    counts = {"made": 0, "there already": 0}
    for user, roles in mongo_users(_read("mongodb_base_c.js")).items():
        if database.command("usersInfo", user)["users"]:
            counts["there already"] += 1
        else:
            database.command("createUser", user, pwd=passwords[user], roles=roles)
            counts["made"] += 1
    return counts


def main(environment: Mapping[str, str]) -> None:
    """Make every store's roles, one store after the other, and print what was done."""
    passwords = {role: login["password"] for role, login in _logins(environment, ROLE).items()}
    administrators = _logins(environment, ADMINISTRATOR)
    checked = {"sslmode": "verify-full", "sslrootcert": str(logins.CERTIFICATES / "rds.pem")}

    def server(store: str) -> PostgresScripts:
        login = administrators[store]
        host = environment[f"{store.upper()}_HOST"]
        return PostgresScripts({"host": host, "user": login["username"], "password": login["password"], **checked})

    _tell("base_b", make_base_b(server("base_b"), passwords))
    _tell("results", make_results(server("results"), passwords))
    if "BASE_C_ADMIN_URL" in environment:
        import pymongo  # noqa: PLC0415

        with pymongo.MongoClient(environment["BASE_C_ADMIN_URL"]) as client:
            _tell("base_c", make_mongo(client["admin"], passwords))
    import oracledb  # noqa: PLC0415

    login = administrators["base_a"]
    with oracledb.connect(
        user=login["username"],
        password=login["password"],
        host=environment["BASE_A_HOST"],
        port=2484,
        protocol="tcps",
        service_name="BASEA",
        wallet_location=str(logins.CERTIFICATES),
    ) as connection:
        _tell("base_a", make_oracle(connection.cursor(), passwords))


def _logins(environment: Mapping[str, str], prefix: str) -> dict[str, dict[str, str]]:
    found = (name for name in environment if name.startswith(prefix))
    return {name.removeprefix(prefix).lower(): json.loads(environment[name]) for name in found}


def _read(name: str) -> str:
    return (SCRIPTS / name).read_text("utf-8")


def _tell(store: str, counts: Counts) -> None:
    sys.stdout.write(json.dumps({"store": store, **counts}) + "\n")


if __name__ == "__main__":
    main(os.environ)
