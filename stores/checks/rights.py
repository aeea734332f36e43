"""What the engine's and the API's logins may do in a relational store beyond what they need, and what they lack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from stores.checks.problem import Problem
from stores.checks.schema import GRANT
from stores.grants import API_RIGHTS, PARTITIONED, RESULT_RIGHTS, Rights, engine_rights

NARROW = "Use a login that can only read: deploy/sql holds the statements"
NARROW_RESULTS = "Use a login with the rights of deploy/sql alone"
AUDIT = "auditoria"
WRITING = ("insert", "update", "delete", "truncate")

_POSTGRES_POWERS = sa.text(
    "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls from pg_roles where rolname = current_user"
)
_POSTGRES_POWER_NAMES = ("is a superuser", "may create roles", "may create databases", "bypasses row security")
_POSTGRES_RIGHT = sa.text("select has_table_privilege(to_regclass(:name)::oid, :rights)")
_POSTGRES_OWNS = sa.text(
    "select pg_has_role(current_user, relowner, 'member') from pg_class where oid = to_regclass(:name)"
)
_ORACLE_POWERS = sa.text(
    "select privilege from session_privs where privilege in "
    "('INSERT ANY TABLE', 'UPDATE ANY TABLE', 'DELETE ANY TABLE', 'DROP ANY TABLE') "
    "union select role from session_roles where role = 'DBA'"
)
_ORACLE_RIGHTS = sa.text(
    "select distinct table_name, privilege from all_tab_privs "
    "where privilege in ('INSERT', 'UPDATE', 'DELETE') and table_name in (:first, :second) "
    "and grantee in (select user from dual union select role from session_roles union select 'PUBLIC' from dual)"
)
_ORACLE_OWNED = sa.text("select table_name from user_tables where table_name in (:first, :second)")


def check_reading_only(connection: sa.Connection, store: str, tables: Sequence[str]) -> list[Problem]:
    """Return a warning for every right beyond reading the tables of Base A or B."""
    find = _oracle_excess if connection.dialect.name == "oracle" else _postgres_excess
    return [
        Problem(store, "rights", f"the engine needs only to read, but its login {excess}", NARROW, "warning")
        for excess in find(connection, tables)
    ]


def check_results_rights(connection: sa.Connection, *, has_api_login: bool) -> list[Problem]:
    """Return errors for rights on the results that the engine lacks, and warnings for those it should not have."""
    problems = _lacking(connection, engine_rights(has_api_login=has_api_login))
    if any(_has_right(connection, AUDIT, right) for right in WRITING[1:]):
        message = "the audit trail can be altered by the engine's login"
        problems.append(Problem("results", "rights", message, NARROW_RESULTS, "warning"))
    if connection.execute(_POSTGRES_OWNS, {"name": PARTITIONED}).scalar() is False:
        message = f"no right to add partitions to {PARTITIONED}: its owner must be the engine's login"
        problems.append(Problem("results", "rights", message, GRANT))
    return problems + [
        Problem("results", "rights", f"the engine's login {power}", NARROW_RESULTS, "warning")
        for power in _postgres_powers(connection)
    ]


def check_api_rights(connection: sa.Connection) -> list[Problem]:
    """Return errors for rights on the results that the API's own login lacks, and warnings for all beyond them."""
    powers = _postgres_powers(connection)
    excess = list(powers)
    if _POSTGRES_POWER_NAMES[0] not in powers:  # else every other right follows from it
        for table in sorted({*RESULT_RIGHTS, *API_RIGHTS}):
            allowed = API_RIGHTS.get(table, ())
            held = [right for right in ("select", *WRITING) if right not in allowed]
            if found := [right for right in held if _has_right(connection, table, right)]:
                excess.append(f"may {', '.join(found)} in {table}")
    return _lacking(connection, API_RIGHTS, whose="the API has ") + [
        Problem("results", "rights", f"the API's login {power}", NARROW_RESULTS, "warning") for power in excess
    ]


def _lacking(connection: sa.Connection, needed: Rights, *, whose: str = "") -> list[Problem]:
    problems = []
    for table, rights in needed.items():
        lacking = [right for right in rights if _has_right(connection, table, right) is False]
        if lacking:
            problems.append(Problem("results", "rights", f"{whose}no {', '.join(lacking)} right on {table}", GRANT))
    return problems


def _has_right(connection: sa.Connection, table: str, right: str) -> bool | None:
    """Return None where there is no such table."""
    return connection.execute(_POSTGRES_RIGHT, {"name": table, "rights": right}).scalar()


def _postgres_powers(connection: sa.Connection) -> list[str]:
    powers = connection.execute(_POSTGRES_POWERS).one()
    return [name for name, has_it in zip(_POSTGRES_POWER_NAMES, powers, strict=True) if has_it]


def _postgres_excess(connection: sa.Connection, tables: Sequence[str]) -> Iterator[str]:
    powers = _postgres_powers(connection)
    yield from powers
    if _POSTGRES_POWER_NAMES[0] in powers:
        return  # every other right follows from it
    for table in tables:
        if connection.execute(_POSTGRES_OWNS, {"name": table}).scalar():
            yield f"owns table {table}"
            continue
        held = [right for right in WRITING if _has_right(connection, table, right)]
        if held:
            yield f"may {', '.join(held)} in {table}"


def _oracle_excess(connection: sa.Connection, tables: Sequence[str]) -> Iterator[str]:
    first, second = (table.upper() for table in tables)
    names = {"first": first, "second": second}
    for (power,) in connection.execute(_ORACLE_POWERS):
        yield f"holds {power}"
    for (table,) in connection.execute(_ORACLE_OWNED, names):
        yield f"owns table {table.lower()}"
    for table, right in connection.execute(_ORACLE_RIGHTS, names):
        yield f"may {right.lower()} in {table.lower()}"
