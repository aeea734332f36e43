"""The commands ``escore reviews ...``: requests that a person review a score, and what became of each."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from contracts.settings import load_settings
from flows.commands.options import AsJson
from flows.commands.output import OUT, print_json, print_values
from flows.commands.panels import examples
from flows.terminal import print_table, whole

reviews_app = typer.Typer(help="Requests that a person review a score, and what became of them.", no_args_is_help=True)


_COLUMNS = ("request", "consumer", "run", "why", "asked (UTC)", "state")


class Outcome(StrEnum):
    """What became of a request."""

    KEPT = "mantido"
    CORRECTED = "corrigido"


@reviews_app.command("list", epilog=examples("escore reviews list", "escore reviews list --all --json"))
def list_requests(
    show_all: Annotated[bool, typer.Option("--all", help="Those that are concluded too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the oldest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the open requests for review, the oldest first: whose, of which run, and why. Entered in auditoria."""
    from flows.reviews import list_requests as find_requests

    found = find_requests(load_settings(), only_open=not show_all, limit=limit)
    if as_json:
        print_json([review.to_json() for review in found])
        return
    table = Table(*map(whole, _COLUMNS), title="reviews", title_justify="left")
    for one in found:
        asked, state = f"{one.pedida_em:%Y-%m-%d %H:%M}", one.resultado or one.situacao
        table.add_row(str(one.id), one.cliente_id, str(one.execucao_id), one.motivo, asked, state)
    print_table(OUT, table)


@reviews_app.command(
    epilog=examples("escore reviews close --id 01a20640-2f3e-7c5b-9d4e-8a1b2c3d4e5f --outcome mantido")
)
def close(
    request: Annotated[UUID, typer.Option("--id", help="The request, as the list shows it.", metavar="ID")],
    outcome: Annotated[Outcome, typer.Option(help="mantido: the score stands; corrigido: data were put right.")],
    as_json: AsJson = False,
) -> None:
    """Conclude a request for review; the person sees the outcome at once."""
    from flows.reviews import close_request

    done = close_request(load_settings(), request, outcome.value)
    if as_json:
        print_json(done.to_json())
    else:
        print_values("review", {"request": done.id, "why": done.motivo, "outcome": done.resultado})
