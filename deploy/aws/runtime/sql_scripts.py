r"""The scripts of ``deploy/sql`` as statements, for a machine without the stores' own shells.

Of psql it knows what the scripts use: variables (``:'name'``), ``\connect`` and ``\gexec``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["sql", "connect", "gexec"]
_VARIABLE = re.compile(r":'(\w+)'")
_USER = re.compile(r'(CREATE USER (\w+) IDENTIFIED BY )"[^"]*"')
_MONGO_USER = re.compile(r'\{ user: "(\w+)", roles: \[(.*)\] \},')
_MONGO_ROLE = re.compile(r'\{ role: "(\w+)", db: "(\w+)" \}')


@dataclass(frozen=True)
class Step:
    """A statement, a database to go on in, or a query whose answers are statements."""

    kind: Kind
    text: str


def psql_steps(script: str, variables: Mapping[str, str]) -> Iterator[Step]:
    """Yield a psql script's steps, the variables filled in as literals; KeyError names one that is not given."""
    lines: list[str] = []
    for line in script.splitlines():
        if line.startswith("\\connect "):
            yield Step("connect", line.split()[1])
        elif line.strip() and not line.startswith("--"):
            lines.append(line)
            ending = next((end for end in (";", "\\gexec") if line.endswith(end)), None)
            if ending is not None:
                text = "\n".join(lines).removesuffix(ending).strip()
                yield Step("gexec" if ending == "\\gexec" else "sql", _filled(text, variables))
                lines = []


def oracle_statements(script: str, passwords: Mapping[str, str]) -> Iterator[str]:
    """Yield an Oracle script's statements, each user with its password; rights on tables are for the migrations."""
    code = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    for statement in filter(None, map(str.strip, code.split(";"))):
        if not statement.startswith("GRANT READ ON"):
            yield _USER.sub(lambda found: f'{found[1]}"{passwords[found[2]]}"', statement)


def mongo_users(script: str) -> dict[str, list[dict[str, str]]]:
    """Return MongoDB's users and their roles, as the script for its shell has them."""
    return {
        user: [{"role": role, "db": database} for role, database in _MONGO_ROLE.findall(roles)]
        for user, roles in _MONGO_USER.findall(script)
    }


def _filled(text: str, variables: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda place: "'" + variables[place[1]].replace("'", "''") + "'", text)
