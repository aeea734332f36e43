"""The commands ``escore check`` and ``escore migrate``: what is wrong with the stores, and their tables and indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from contracts.errors import EscoreError, SettingsError, StoreContractError, StoreUnavailableError
from contracts.settings import load_settings
from flows.commands.completion import complete_store
from flows.commands.options import AsJson
from flows.commands.output import ERR, OUT, print_json
from flows.commands.panels import examples
from flows.terminal import print_table, whole

if TYPE_CHECKING:
    from stores.checks.problem import Problem

MIGRATE_EXAMPLES = examples("escore migrate", "escore migrate --store results --store base_b")
CHECK_EXAMPLES = examples("escore check", "escore check --json")


def migrate(
    store: Annotated[
        list[str] | None,
        typer.Option(
            help="base_a, base_b, base_c or results; repeat for more. Default: all.",
            metavar="STORE",
            autocompletion=complete_store,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the stores' tables and indexes to the current version (uses the *_ADMIN_URL settings)."""
    from stores.migrate import migrate as migrate_stores

    steps = migrate_stores(load_settings(), report=ERR.print, stores=tuple(store or ()))
    if as_json:
        print_json({"passos": steps})
    else:
        OUT.print("\n".join(steps) or "nothing to do: every store is at its current version", highlight=False)


def check(as_json: AsJson = False) -> None:
    """Connect to every store with a time limit and print all that is wrong with tables, indexes and rights.

    With errors the exit code is the first that fits: 2 for a setting that is missing or wrong, 3 for a store that does
    not answer, 4 for what breaks the contract. Warnings alone leave it 0.
    """
    from stores.check import check_stores

    problems = check_stores(load_settings())
    if as_json:
        print_json([{"store": p.store, "severity": p.severity, "message": p.message, "hint": p.hint} for p in problems])
    elif problems:
        table = Table(whole("store"), whole("severity"), "problem", "what to do", title="check", title_justify="left")
        for problem in problems:
            table.add_row(problem.store, problem.severity, problem.message, problem.hint)
        print_table(OUT, table)
    else:
        OUT.print("every store answers and keeps the contract")
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise _gravest(errors)(f"{len(errors)} error{'s' if len(errors) > 1 else ''} in all")


def _gravest(errors: Iterable[Problem]) -> Callable[[str], EscoreError]:
    """Return the error to end with: what keeps the store from being asked comes before what it answered."""
    kinds = {problem.what for problem in errors}
    if "settings" in kinds:
        return lambda told: SettingsError([told])
    return StoreUnavailableError if "connection" in kinds else StoreContractError
