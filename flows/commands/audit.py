"""The commands ``escore audit ...``: what waits in the journal, shipping it, and who read a consumer's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from contracts.errors import UsageError
from contracts.settings import load_settings
from flows.commands.options import AsJson
from flows.commands.output import ERR, OUT, plain, print_json
from flows.commands.panels import examples
from flows.terminal import print_table, whole

if TYPE_CHECKING:
    from serve.auditing.backlog import SegmentState

audit_app = typer.Typer(help="The audit of reads: what waits, shipping it, who read whom.", no_args_is_help=True)


@audit_app.command(epilog=examples("escore audit ship  # until it is stopped", "escore audit ship --once"))
def ship(
    once: Annotated[bool, typer.Option("--once", help="Ship what is there, then end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ship the journal's segments to auditoria, the running API's and those that dead processes left; until stopped.

    The API ships its own folder. This is for one whose API is gone and starts no more, or beside it; nothing is
    shipped twice.
    """
    from serve.auditing.sidecar import ship_folder, ship_until_stopped

    settings = load_settings().require("results_url")
    done = ship_folder(settings) if once else ship_until_stopped(settings, report=ERR.print)
    if as_json:
        print_json({"registros": done.records, "segmentos_removidos": done.segments_removed})
    else:
        OUT.print(f"{done.records:,} records shipped, {done.segments_removed} segments removed", highlight=False)


@audit_app.command(epilog=examples("escore audit status", "escore audit status --json"))
def status(as_json: AsJson = False) -> None:
    """Show the journal's segments: whose writer lives, bytes, what waits for PostgreSQL and since when."""
    from serve.auditing.backlog import lag_of
    from serve.auditing.sidecar import journal_state

    settings = load_settings()
    states, is_known = journal_state(settings)
    lag = lag_of(states)
    if as_json:
        print_json(
            {
                "segmentos": [_to_json(state) for state in states],
                "bytes_esperando": lag.bytes_waiting,
                "mais_antigo_segundos": lag.oldest_seconds,
                "postgresql_respondeu": is_known,
            }
        )
        return
    table = Table(whole("segment"), "writer", "bytes", "waiting", "since", title="audit journal", title_justify="left")
    for state in states:
        since = "-" if state.since is None else f"{state.since:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(state.path.name, _writer(state), f"{state.size:,}", f"{state.waiting:,}", since)
    print_table(OUT, table)
    OUT.print(f"{lag.bytes_waiting:,} bytes wait, the oldest for {lag.oldest_seconds:.1f} s", highlight=False)
    if not is_known:
        OUT.print("PostgreSQL does not answer: all that the files hold counts as waiting", highlight=False)


@audit_app.command(
    "list", epilog=examples("escore audit list --cliente 7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e --limit 20")
)
def list_accesses(
    cliente: Annotated[str, typer.Option(help="Consumer: cliente.id of Base A.", metavar="ID")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 100,
    before: Annotated[str | None, typer.Option(help="Go on where a list ended, as it said.")] = None,
    finalidade: Annotated[str, typer.Option(help="Why this is looked at; kept in auditoria.")] = "direito de acesso",
    as_json: AsJson = False,
) -> None:
    """List who read a consumer's data in the last six months, newest first. This look is entered in auditoria too."""
    from flows.accesses import list_accesses as find_accesses
    from serve.auditing.accesses import Cursor

    cursor = None if before is None else Cursor.parse(before)
    if before is not None and cursor is None:
        raise UsageError("--before: not what a list said at its end")
    page = find_accesses(load_settings(), cliente, purpose=finalidade, before=cursor, limit=limit)
    if as_json:
        rows = [
            {
                "quando": access.quando.isoformat(),
                "consulente": access.consulente,
                "recurso": access.recurso,
                "finalidade": access.finalidade,
                "resultado": access.resultado,
                "titular": access.titular,
            }
            for access in page.accesses
        ]
        print_json({"desde": page.since.isoformat(), "acessos": rows, "antes": page.next and str(page.next)})
        return
    title = f"accesses since {page.since:%Y-%m-%d}"
    table = Table("when (UTC)", "who", "what", "purpose", "result", "by the person", title=title, title_justify="left")
    for access in page.accesses:
        own = "yes" if access.titular else ""
        when = f"{access.quando:%Y-%m-%d %H:%M:%S}"
        told = (plain(text or "") for text in (access.consulente, access.recurso, access.finalidade))
        table.add_row(when, *told, str(access.resultado), own)
    print_table(OUT, table)
    if page.next is not None:
        OUT.print(f"there are more: --before {page.next}", highlight=False)


def _writer(state: SegmentState) -> str:
    return "lives" if state.is_live else "gone"


def _to_json(state: SegmentState) -> dict[str, object]:
    return {
        "arquivo": state.path.name,
        "em_uso": state.is_live,
        "bytes": state.size,
        "esperando": state.waiting,
        "desde": state.since and state.since.isoformat(),
    }
