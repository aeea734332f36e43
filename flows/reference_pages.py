"""Reference pages as Markdown, from the declarations: tables, rules, settings, errors and features.

``python -m flows.reference_pages docs/reference`` writes them; a test keeps the committed ones equal.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from pydantic_core import PydanticUndefined

from contracts import errors
from contracts.income_frequency import MONTHLY_FACTORS
from contracts.rules import RULES
from contracts.settings import PREFIX, Settings
from contracts.tables import TABLES, Column, Kind, Table
from features.dictionary import feature_dictionary

_GENERATED = "<!-- Made from the declarations by `make docs`; edit those. -->\n\n"


def pages() -> dict[str, str]:
    """Return each page's file name and text."""
    return {
        "tables.md": _tables_page(),
        "rules.md": _rules_page(),
        "settings.md": _settings_page(),
        "errors.md": _errors_page(),
        "features.md": feature_dictionary(),
    }


def _tables_page() -> str:
    sections = [_table_section(table) for table in TABLES]
    frequencies = "\n".join(f"| {name} | {num}/{den} |" for name, (num, den) in MONTHLY_FACTORS.items())
    return (
        f"{_GENERATED}# Tables of Bases A, B and C\n\n"
        "Columns that the engine does not read are never extracted. Money in the lake is an integer of cents, "
        "instants are UTC.\n\n"
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
    marks = ["yes" if flag else "" for flag in (column.nullable, column.read, column.personal)]
    return f"| `{column.name}` | {_type_text(column)} | {' | '.join(marks)} | {column.description} |"


def _type_text(column: Column) -> str:
    if column.kind is Kind.TEXT:
        return f"text({column.length})" if column.length else "text"
    if column.kind is Kind.MONEY:
        return f"numeric({column.precision},2)" if column.precision else "double, int or Decimal128"
    return "date" if column.kind is Kind.DATE else "timestamp, UTC"


def _rules_page() -> str:
    rows = "\n".join(f"| `{rule.name}` | {rule.outcome.value} | {rule.description} |" for rule in RULES.values())
    return (
        f"{_GENERATED}# Rules by which a record is refused or left aside\n\n"
        "A refused record goes to `rejeitado` with its rule; one left aside is counted. The first rule that a "
        f"record breaks is the one named.\n\n| rule | outcome | what it says |\n|---|---|---|\n{rows}\n"
    )


def _settings_page() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, PydanticUndefined) else f"`{field.default}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return (
        f"{_GENERATED}# Settings\n\nRead from the environment and `.env`. A store URL that is not set means the "
        "embedded store. All that are wrong are reported together.\n\n"
        "| variable | default | what |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _errors_page() -> str:
    family = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.EscoreError)]
    rows = "\n".join(
        f"| {c.exit_code} | `{c.__name__}` | {inspect.cleandoc(c.__doc__ or '').splitlines()[0]} |"
        for c in sorted(family, key=lambda c: (c.exit_code, c.__name__))
    )
    return f"{_GENERATED}# Errors and exit codes\n\n| code | error | when |\n|---|---|---|\n{rows}\n"


def main() -> None:
    """Write every page into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
