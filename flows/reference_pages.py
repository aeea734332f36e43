"""Reference pages from the declarations: commands, tables, rules, gates, settings, errors, features, measures, the API.

``python -m flows.reference_pages docs/reference`` writes them; a test keeps the committed ones equal.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer
from pydantic_core import PydanticUndefined

from contracts.income_frequency import MONTHLY_FACTORS
from contracts.rules import RULES
from contracts.secret_texts import MIN_SECRET_LENGTH
from contracts.settings import PREFIX, Settings
from contracts.table_declaration import Column, Kind, Nature, Table
from contracts.tables import TABLES
from extract.verdicts import RULE_ORDER
from features.dictionary import feature_dictionary
from flows.cli import app
from flows.commands.panels import examples_of
from flows.endpoints_page import endpoints_page
from flows.errors_page import errors_page
from flows.gates_page import gates_page
from flows.metrics_page import metrics_page
from flows.postman_collection import collection_text, environment_text
from flows.problem_catalogue import problems_page
from flows.results_dictionary import RESULTS
from serve.app import create_app
from stores.checks.results import COLUMNS
from stores.migrate import migration_sql

_GENERATED = "<!-- Made from the declarations by `make docs`; edit those. -->\n\n"


def pages() -> dict[str, str]:
    """Return each page's file name and text."""
    return {name: make() for name, make in PAGES.items()}


def api_document() -> dict[str, Any]:
    """Return the API's document; the application it is made from reaches no store."""
    given: dict[str, Any] = {f"{store}_url": "postgresql://nowhere/x" for store in ("base_a", "base_b", "results")}
    given |= {"base_c_url": "mongodb://nowhere/x", "redis_url": "redis://nowhere/0", "_env_file": None}
    given |= dict.fromkeys(("cache_key", "jwt_secret"), "x" * MIN_SECRET_LENGTH)
    return create_app(Settings(**given)).openapi()


def _api_page() -> str:
    return json.dumps(api_document(), ensure_ascii=False, indent=1) + "\n"


def _flows_page() -> str:
    from flows.flows_page import flows_page  # noqa: PLC0415 - Prefect takes seconds, and no other page needs it

    return _GENERATED + flows_page()


def _commands_page() -> str:
    sections = "\n".join(_command_section(name, command) for name, command in commands().items())
    return (
        f"{_GENERATED}# Commands\n\n*For everybody who types `escore`.* `escore --help` and `escore COMMAND "
        "--help` say the same. What goes wrong is told "
        "in one line each on the error stream, and the [exit code](errors.md) says of what kind it is. Results go to "
        "the standard output, progress and the summary of a run to the error stream; `--json` prints what "
        "[a machine reads](../reference/json-output.md). `escore` without a command tells where an installation is and "
        "what to do next. [Shells complete](../how-to/complete-in-the-shell.md) commands, options and values.\n\n"
        + sections
    )


@cache
def commands() -> dict[str, Any]:
    """Return every command of the command line by its full name, ``escore import berka``, in the order of --help."""
    return dict(_commands_below("escore", typer.main.get_command(app)))


def _commands_below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, sub in below.items():
        yield from _commands_below(f"{name} {word}", sub)


def _command_section(name: str, command: Any) -> str:
    rows = "\n".join(_parameter_row(parameter) for parameter in command.params)
    table = f"| option | default | what |\n|---|---|---|\n{rows}\n\n" if rows else ""
    examples = "\n".join(examples_of(command.epilog))
    shown = f"```sh\n{examples}\n```\n" if examples else ""
    return f"## {name}\n\n{command.help}\n\n{table}{shown}"


def _parameter_row(parameter: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    written = " ".join(f"`{name}`" for name in names) if names[0].startswith("-") else f"`{parameter.name.upper()}`"
    limits = [
        f"{word} {limit}"
        for word, limit in (("at least", _limit(parameter, "min")), ("at most", _limit(parameter, "max")))
        if limit is not None
    ]
    default = "required" if parameter.required else _default_text(parameter)
    return f"| {written} | {default} | {'; '.join([parameter.help.removesuffix('.'), *limits])} |"


def _limit(parameter: Any, name: str) -> Any:
    return getattr(parameter, name, None)


def _default_text(parameter: Any) -> str:
    if parameter.default is None or parameter.default is False:
        return ""
    return f"`{parameter.opts[0]}`" if parameter.default is True else f"`{parameter.default}`"


_SQL_COLUMN = re.compile(r"^\s*(?:ALTER TABLE (?P<table>\w+) ADD COLUMN )?(?P<name>[a-z_0-9]+) (?P<type>[A-Z][^,;]*)")


def _results_page() -> str:
    types = _result_types()
    sections = "\n".join(_result_section(table, types) for table in RESULTS)
    return (
        f"{_GENERATED}# Tables of the results\n\n*For data scientists and auditors, who query them.* In "
        "PostgreSQL (`SCORE_RESULTS_URL`); instants have their time zone. "
        "The view `score_vigente` has the columns of `score` and holds the rows of the run in force. How to read them: "
        "[rejects and counts](../how-to/read-rejects.md).\n\n" + sections
    )


def _result_section(table: str, types: dict[str, str]) -> str:
    about, meanings = RESULTS[table]
    rows = [
        f"| `{name}` | {types[f'{table}.{name}'].removesuffix(' NOT NULL').lower()} | "
        f"{'' if types[f'{table}.{name}'].endswith(' NOT NULL') else 'yes'} | {meanings.get(name, '')} |"
        for name in COLUMNS[table].split()
    ]
    listed = "\n".join(rows)
    return f"## {table}\n\n{about}\n\n| column | type | null | what |\n|---|---|---|---|\n{listed}\n"


def _result_types() -> dict[str, str]:
    """Return the SQL type of every ``table.column`` that the migrations make, ending in NOT NULL where it is."""
    found, table = {}, ""
    for line in migration_sql("results", "postgresql").splitlines():
        if line.startswith("CREATE TABLE "):
            table = line.split()[2]
        elif match := _SQL_COLUMN.match(line):
            text = re.sub(r" GENERATED .* AS IDENTITY", " NOT NULL", re.sub(r" DEFAULT \S+", "", match["type"]))
            found[f"{match['table'] or table}.{match['name']}"] = text.strip()
    return found


def _tables_page() -> str:
    sections = [_table_section(table) for table in TABLES]
    frequencies = "\n".join(f"| {name} | {num}/{den} |" for name, (num, den) in MONTHLY_FACTORS.items())
    return (
        f"{_GENERATED}# Tables of Bases A, B and C\n\n*For owners of the stores, who deliver them, and for "
        "whoever asks what is read.* Columns that the engine does not read are never extracted. Money in the "
        "lake is an integer of cents, "
        "instants are UTC. *Personal* says what a column tells of a person: [privacy](../explanation/privacy.md).\n\n"
        + "\n".join(sections)
        + f"\n## Monthly factor of each income frequency\n\n| frequencia | x |\n|---|---|\n{frequencies}\n"
    )


def _table_section(table: Table) -> str:
    rows = "\n".join(_column_row(column) for column in table.columns)
    notes = [f"links by `{table.joins_by}`", f"key in `rejeitado`: `{table.key}`"]
    notes += [f"counts from `{table.known_at}`"] if table.known_at else []
    notes += [f"closed by `{table.ended_at}`"] if table.ended_at else []
    notes += [f"index on ({', '.join(index)})" for index in (*table.unique, *table.indexes)]
    return (
        f"## {table.name} (Base {table.store.value})\n\n{table.description}; {'; '.join(notes)}.\n\n"
        "| column | type | null | read | personal | what |\n|---|---|---|---|---|---|\n" + rows + "\n"
    )


def _column_row(column: Column) -> str:
    marks = ["yes" if flag else "" for flag in (column.nullable, column.read)]
    marks.append("" if column.nature is Nature.NONE else column.nature.value)
    return f"| `{column.name}` | {_type_text(column)} | {' | '.join(marks)} | {column.description} |"


def _type_text(column: Column) -> str:
    if column.kind is Kind.TEXT:
        return f"text({column.length})" if column.length else "text"
    if column.kind is Kind.MONEY:
        return f"numeric({column.precision},2)" if column.precision else "double, int or Decimal128"
    return "date" if column.kind is Kind.DATE else "timestamp, UTC"


def _rules_page() -> str:
    place = {name: number for number, name in enumerate(RULE_ORDER)}
    ordered = sorted(RULES.values(), key=lambda rule: place.get(rule.name, len(place)))
    rows = "\n".join(f"| `{rule.name}` | {rule.outcome.value} | {rule.description} |" for rule in ordered)
    return (
        f"{_GENERATED}# Rules by which a record is refused or left aside\n\n*For owners of the stores, operators "
        "and auditors.* "
        "A refused record goes to `rejeitado` with its rule; one left aside is counted. Rules are tried in the order "
        "of the table, and the first that a record breaks is the one named. What is harmless stops nothing.\n\n"
        f"| rule | outcome | what it says |\n|---|---|---|\n{rows}\n"
    )


_SETTING_GROUPS = {
    "env": "Where and under which law",
    "base_a_url": "The stores and the lake",
    "base_a_admin_url": "Logins of owners and of the API",
    "prefect_api_url": "Prefect",
    "cache_key": "Keys of persons' names",
    "jwks": "Tokens of the API",
    "rate_limit_per_second": "Limits of the API",
    "audit_dir": "The audit",
    "log_format": "Logs and traces",
    "store_timeout_seconds": "Patience with stores",
    "range_size": "Runs",
    "horizon_months": "What a default is",
    "retention_runs": "What is kept, and what stops a run",
    "training_clients": "Training",
}
"""The page's headings, by the first setting below each."""


def _settings_page() -> str:
    groups: list[str] = []
    for name, field in Settings.model_fields.items():
        if name in _SETTING_GROUPS or not groups:
            groups.append(f"## {_SETTING_GROUPS[name]}\n\n| variable | default | what |\n|---|---|---|\n")
        default = "" if field.default in (None, PydanticUndefined) else f"`{field.default}`"
        groups[-1] += f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |\n"
    return (
        f"{_GENERATED}# Settings\n\n*For operators.* Read from the environment and `.env`. A store URL that is not set "
        "means the embedded store; an owner's URL (`..._ADMIN_URL`) that is not set means the store's own. The two "
        f"secrets, `{PREFIX}CACHE_KEY` and `{PREFIX}JWT_SECRET`, need at least {MIN_SECRET_LENGTH} bytes. These, and "
        f"every URL of a store, may lie in a file: `{PREFIX}X_FILE` names the one that holds `{PREFIX}X`. With "
        f"`{PREFIX}ENV=producao` a URL that leads to another machine must ask for TLS with a checked certificate "
        "([how](../how-to/guard-the-stores.md)). All that are wrong are reported together.\n\n" + "\n".join(groups)
    )


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": _commands_page,
    "endpoints.md": lambda: _GENERATED + endpoints_page(api_document()),
    "errors.md": lambda: _GENERATED + errors_page(),
    "features.md": feature_dictionary,
    "flows.md": _flows_page,
    "gates.md": lambda: _GENERATED + gates_page(),
    "metrics.md": lambda: _GENERATED + metrics_page(),
    "escore.postman_collection.json": lambda: collection_text(api_document()),
    "escore.postman_environment.json": lambda: environment_text(api_document()),
    "openapi.json": _api_page,
    "problems.md": lambda: _GENERATED + problems_page(),
    "results.md": _results_page,
    "rules.md": _rules_page,
    "settings.md": _settings_page,
    "tables.md": _tables_page,
}
"""What makes each page, by its file name."""


def main() -> None:
    """Write every page into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
