"""The commands ``escore erasures ...``: the queue of requests of erasure, looked at and worked on."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from contracts.errors import DataIntegrityError
from contracts.settings import load_settings
from flows.commands.options import AsJson
from flows.commands.output import OUT, print_json, print_values
from flows.commands.panels import examples
from flows.terminal import print_table, whole

erasures_app = typer.Typer(help="The queue of erasures: list it, work on it.", no_args_is_help=True)

_COLUMNS = ("request", "asked (UTC)", "state", "tries", "done (UTC)", "removed")

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many requests.")]


@erasures_app.command("list", epilog=examples("escore erasures list", "escore erasures list --limit 5 --json"))
def list_queue(limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the requests of erasure, those that wait first; each that is done with its proof. Names nobody."""
    from flows.erasure_queue import list_requests

    found = list_requests(load_settings(), limit=limit)
    if as_json:
        print_json([request.to_json() for request in found])
        return
    table = Table(*map(whole, _COLUMNS), title="requests of erasure", title_justify="left")
    for request in found:
        removed = sum((request.prova or {}).get("removidos", {}).values()) if request.prova else ""
        done = "" if request.concluido_em is None else f"{request.concluido_em:%Y-%m-%d %H:%M}"
        asked = f"{request.pedido_em:%Y-%m-%d %H:%M}"
        row = (str(request.id), asked, request.situacao, str(request.tentativas), done)
        table.add_row(*row, str(removed))
    print_table(OUT, table, least=("tries", "removed", "asked (UTC)"))
    for request in (one for one in found if one.motivo):
        OUT.print(f"{request.id}: {request.motivo}", soft_wrap=True, highlight=False, markup=False)


@erasures_app.command(epilog=examples("escore erasures work --limit 100"))
def work(limit: Limit = 100, as_json: AsJson = False) -> None:
    """Erase the persons whose requests wait, and enter the proof of each; safe to repeat and to kill.

    A run under way ends the turn: what is left waits for the next. Exit code 5 if a request could not be completed.
    """
    from flows.erasure_queue import work_queue

    outcome = work_queue(load_settings(), limit=limit)
    if as_json:
        print_json(outcome.to_json())
    else:
        told = {"done": outcome.concluidos, "nobody known": outcome.desconhecidos, "failed": outcome.falharam}
        print_values("queue of erasures", {**told, "still waiting": outcome.pendentes})
    if outcome.falharam:
        raise DataIntegrityError(f"{outcome.falharam} requests were not completed: `escore erasures list` tells why")
