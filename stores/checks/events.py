"""Base C: collections, their (cpf, date) indexes, and that the login can read and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymongo.database import Database
from pymongo.errors import OperationFailure

from contracts.table_declaration import Store, Table
from contracts.tables import tables_of
from stores.checks.problem import Problem
from stores.checks.rights import NARROW
from stores.checks.schema import GRANT, MIGRATE

READING_ROLES = frozenset({"read", "readAnyDatabase", "clusterMonitor"})
WRITING_ACTIONS = frozenset(
    {"insert", "update", "remove", "dropCollection", "dropDatabase", "createIndex", "anyAction"}
)


def check_events(database: Database[dict[str, Any]]) -> list[Problem]:
    """Return everything wrong in Base C; connection errors pass through."""
    names = set(database.list_collection_names())
    problems = [problem for table in tables_of(Store.C) for problem in _check_collection(database, names, table)]
    return [*problems, *_check_rights(database)]


def _check_collection(database: Database[dict[str, Any]], names: set[str], table: Table) -> Iterator[Problem]:
    if table.name not in names:
        yield Problem("base_c", "table", f"collection {table.name} does not exist", MIGRATE)
        return
    try:
        database[table.name].find_one({}, {"_id": 1})
    except OperationFailure:
        yield Problem("base_c", "rights", f"this login may not read collection {table.name}", GRANT)
        return
    keys = [tuple(name for name, _ in index["key"]) for index in database[table.name].index_information().values()]
    for wanted in table.indexes:
        if not any(key[: len(wanted)] == wanted for key in keys):
            message = f"collection {table.name} has no index that begins with ({', '.join(wanted)})"
            yield Problem("base_c", "index", message, MIGRATE)
    if not any(key[0] == table.known_at for key in keys):
        message = f"collection {table.name} has no index on {table.known_at}: incremental runs walk through all of it"
        yield Problem("base_c", "index", message, MIGRATE, "warning")


def _check_rights(database: Database[dict[str, Any]]) -> Iterator[Problem]:
    info = database.client.admin.command("connectionStatus", showPrivileges=True)["authInfo"]
    if not info["authenticatedUsers"]:
        message = "the login has no user, or the server no authentication: its rights cannot be verified"
        yield Problem("base_c", "rights", message, "Switch authentication on, and give the engine a reader", "warning")
        return
    roles = sorted({str(role["role"]) for role in info["authenticatedUserRoles"]} - READING_ROLES)
    actions = {str(a) for privilege in info.get("authenticatedUserPrivileges", ()) for a in privilege["actions"]}
    excess = sorted(actions & WRITING_ACTIONS)
    if excess:
        message = f"the engine needs only to read, but its login may {', '.join(excess)}"
        yield Problem("base_c", "rights", message, NARROW, "warning")
    elif roles and not actions:  # the server names roles only
        message = f"the engine needs only to read, but its login has the roles {', '.join(roles)}"
        yield Problem("base_c", "rights", message, NARROW, "warning")
