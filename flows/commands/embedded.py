"""The commands about the stores that come with the engine: ``escore up``, ``down``, ``status`` and ``demo``."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from contracts.settings import load_settings
from flows.commands.options import AsJson, AsOf
from flows.commands.output import ERR, OUT, print_json
from flows.commands.panels import examples
from flows.commands.stopping import end_as_by_ctrl_c
from flows.terminal import print_table, whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stores.embedded import ServerStatus

UP_EXAMPLES = examples("escore up", "escore up --no-prefect  # runs then start a Prefect server of their own")
DOWN_EXAMPLES = examples("escore down  # data stay", "escore down --erase  # databases and caches are deleted")
STATUS_EXAMPLES = examples("escore status", "escore status --json")
DEMO_EXAMPLES = examples(
    "escore demo --clients 10000",
    "escore demo --keep  # and look around afterwards",
    "escore demo --serve  # a sandbox: the API and its page until Ctrl-C",
)

_ADVICE = {
    "lost": "lost: it runs and the state file does not know of it; `escore down` stops it",
    "dead": "dead: it should run and does not; `escore up` starts it again on its data",
    "stopped": "stopped: `escore up` starts it on the data it has, or makes it",
    "running": "all run: `escore down` stops them, and their data stay",
}
"""What to do about a server's state, the gravest state first."""


def up(
    prefect: Annotated[bool, typer.Option(help="Start a local Prefect server too; its UI shows the runs.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start the embedded stores (PostgreSQL, Valkey, MongoDB protocol) and Prefect on free loopback ports."""
    from stores.embedded import require_servers, start_stores
    from stores.migrate import migrate

    end_as_by_ctrl_c()
    require_servers()
    var = load_settings().var
    ERR.print(f"starting the embedded stores below {var}: a quarter of a minute ...", highlight=False, markup=False)
    start_stores(var, with_prefect=prefect, report=ERR.print)
    migrate(load_settings(), report=ERR.print)
    _print_status(var, as_json=as_json)


def down(
    erase: Annotated[bool, typer.Option("--erase", help="Delete the embedded stores' data too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the embedded stores and Prefect; their data stay under var/ unless they are erased.

    What lies beside them stays in either case: the lake with its models, the reports, the journal of the audit.
    """
    from stores.embedded import erase_stores, stop_stores, stores_status

    var = load_settings().var
    stopped: list[str] = []
    stop_stores(var, report=stopped.append)
    for line in stopped:
        ERR.print(line, highlight=False)
    if erase:
        erase_stores(var)
    if as_json:
        print_json(_as_rows(stores_status(var)))
        return
    OUT.print("stopped" if stopped else "nothing ran", end=": ", highlight=False)
    left = "their data are erased" if erase else "their data stay; `escore up` starts them again"
    OUT.print(f"the embedded stores below {var}; {left}", highlight=False, soft_wrap=True, markup=False)


def status(as_json: AsJson = False) -> None:
    """Show the embedded stores: state, address and process id. `escore check` looks into whatever stores are set."""
    _print_status(load_settings().var, as_json=as_json)


def demo(
    clients: Annotated[int, typer.Option(min=2_000, help="Number of consumers; fewer default too seldom.")] = 10_000,
    as_of: AsOf = date(2025, 12, 31),
    keep: Annotated[bool, typer.Option(help="Leave the embedded stores running at the end.")] = False,
    serve_page: Annotated[
        bool, typer.Option("--serve", help="Leave the API and its page up until Ctrl-C, with tokens to sign in.")
    ] = False,
) -> None:
    """From nothing to three scores read over HTTP, on a clean state of its own."""
    from flows.demo import run_demo

    end_as_by_ctrl_c()
    run_demo(load_settings(), clients=clients, as_of=as_of, keep=keep, serve=serve_page, console=ERR)


def _print_status(var: Path, *, as_json: bool) -> None:
    from stores.embedded import stores_status

    rows = stores_status(var)
    if as_json:
        print_json(_as_rows(rows))
        return
    table = Table(*map(whole, ("server", "state", "address", "pid")), title="embedded stores", title_justify="left")
    for row in rows:
        table.add_row(row.name, row.state, row.address, str(row.pid or "-"))
    print_table(OUT, table)
    found = {row.state for row in rows}
    for state, advice in _ADVICE.items():
        if state in found and (state != "running" or found == {"running"}):
            OUT.print(advice, highlight=False, soft_wrap=True)


def _as_rows(rows: Sequence[ServerStatus]) -> list[dict[str, object]]:
    return [{"server": r.name, "state": r.state, "address": r.address, "pid": r.pid} for r in rows]
