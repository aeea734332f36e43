"""The command line ``escore``: parses, calls one function a command, prints; errors are one clear line each.

Heavy libraries are imported by the commands that use them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.table import Table
from rich.text import Text

from contracts.errors import EscoreError, StoreContractError
from contracts.private_process import keep_files_private, keep_memory_private
from contracts.settings import RESULTS_SETTINGS, RUN_SETTINGS, SOURCE_SETTINGS, load_settings
from flows.cli_audit import audit_app
from flows.cli_erase import ERASE_EXAMPLE, READMIT_EXAMPLE, erase, readmit
from flows.cli_erasures import erasures_app
from flows.cli_flows import call_flow, point_prefect_at_its_server
from flows.cli_keys import ROTATE_EXAMPLE, rotate_key
from flows.cli_models import models_app
from flows.cli_monitor import MONITOR_EXAMPLE, monitor
from flows.cli_options import AsJson, AsOf
from flows.cli_output import ERR, OUT, print_json, print_result, print_status, print_values, shown
from flows.cli_prefect import prefect_app
from flows.cli_review import REPLAY_EXAMPLE, replay
from flows.cli_runs import runs_app
from flows.cli_tokens import JWKS_EXAMPLE, MINT_EXAMPLE, jwks, token
from flows.withheld import withheld, withhold_lost_exceptions

app = typer.Typer(
    name="escore",
    help="Credit scores from three stores: extract, build features, score 0-1000 with exact reasons, publish, serve.",
    epilog="First steps: `make demo`, or: escore up; escore migrate; escore populate --clients 10000 "
    "--as-of 2025-12-31; escore train --as-of 2025-12-31; escore run --as-of 2025-12-31; escore serve",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
import_app = typer.Typer(help="Load public data sets into the three stores.", no_args_is_help=True)
app.add_typer(import_app, name="import")
app.add_typer(models_app, name="models")
app.add_typer(runs_app, name="runs")
app.add_typer(audit_app, name="audit")
app.add_typer(erasures_app, name="erasures")
app.add_typer(prefect_app, name="prefect")


@app.command(epilog="Example: escore up")
def up(
    prefect: Annotated[bool, typer.Option(help="Start a local Prefect server too; its UI shows the runs.")] = True,
) -> None:
    """Start the embedded stores (PostgreSQL, Valkey, MongoDB protocol) and Prefect on free loopback ports."""
    from stores.embedded import start_stores
    from stores.migrate import migrate

    start_stores(load_settings().var, with_prefect=prefect, report=ERR.print)
    migrate(load_settings(), report=ERR.print)
    print_status(load_settings().var)


@app.command(epilog="Example: escore down --erase")
def down(
    erase: Annotated[bool, typer.Option("--erase", help="Delete the embedded stores' data too.")] = False,
) -> None:
    """Stop the embedded stores and Prefect; their data stay under var/ unless they are erased."""
    from stores.embedded import erase_stores, stop_stores

    var = load_settings().var
    stop_stores(var, report=ERR.print)
    if erase:
        erase_stores(var)


@app.command(epilog="Example: escore status --json")
def status(as_json: AsJson = False) -> None:
    """Show the embedded stores: state, address and process id."""
    print_status(load_settings().var, as_json=as_json)


@app.command(epilog="Example: escore migrate --store results --store base_b")
def migrate(
    store: Annotated[
        list[str] | None, typer.Option(help="base_a, base_b, base_c or results; repeat for more. Default: all.")
    ] = None,
) -> None:
    """Bring the stores' tables and indexes to the current version (uses the *_ADMIN_URL settings)."""
    from stores.migrate import migrate as migrate_stores

    steps = migrate_stores(load_settings(), report=ERR.print, stores=tuple(store or ()))
    OUT.print("\n".join(steps) or "nothing to do: every store is at its current version", highlight=False)


@app.command(epilog="Example: escore check")
def check(as_json: AsJson = False) -> None:
    """Connect to every store with a time limit and print all that is wrong with tables, indexes and rights."""
    from stores.check import check_stores

    problems = check_stores(load_settings())
    if as_json:
        print_json([{"store": p.store, "severity": p.severity, "message": p.message, "hint": p.hint} for p in problems])
    elif problems:
        table = Table("store", "severity", "problem", "what to do", title="check", title_justify="left")
        for problem in problems:
            table.add_row(problem.store, problem.severity, problem.message, problem.hint)
        OUT.print(table)
    else:
        OUT.print("every store answers and keeps the contract")
    errors = sum(problem.severity == "error" for problem in problems)
    if errors:
        raise StoreContractError(f"{errors} error{'s' if errors > 1 else ''} in all")


@app.command(epilog="Example: escore populate --clients 10000 --seed 1 --as-of 2025-12-31 --dirty 0.01")
def populate(
    as_of: AsOf,
    clients: Annotated[int, typer.Option(min=1, help="Number of consumers.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed and options, same bytes.")] = 1,
    months: Annotated[int, typer.Option(min=3, max=120, help="Months of history that end with DATE.")] = 36,
    dirty: Annotated[float, typer.Option(min=0, max=0.2, help="Share of records with a planted defect.")] = 0.0,
    events: Annotated[float, typer.Option(min=0.1, max=1000, help="Mean Base C events a consumer in 36 months.")] = 60,
    replace: Annotated[bool, typer.Option(help="Empty the three stores first.")] = False,
) -> None:
    """Write a realistic generated population into the three stores, and its truth files under var/verdade."""
    from flows.populate import populate_stores
    from population.parameters import PopulationParameters

    parameters = PopulationParameters(clients, seed, as_of, months=months, dirty=dirty, mean_events=events)
    print_values("population", populate_stores(load_settings(), parameters, replace=replace))


@import_app.command("berka", epilog="Example: escore import berka ../shared/data/berka")
def import_berka(
    directory: Annotated[Path, typer.Argument(help="Folder with the PKDD'99 files.")],
    replace: Annotated[bool, typer.Option(help="Empty the three stores first.")] = False,
) -> None:
    """Load the PKDD'99 data of a Czech bank into the three stores by a documented mapping."""
    from flows.populate import import_berka_files

    print_values("import", import_berka_files(load_settings(), directory, replace=replace))


@app.command(epilog="Example: escore train --as-of 2025-12-31")
def train(
    as_of: AsOf,
    dates: Annotated[int, typer.Option(min=1, max=24, help="Past reference dates to train on.")] = 3,
    promote: Annotated[bool, typer.Option(help="Put the new model in force if the gate lets it take over.")] = True,
    as_json: AsJson = False,
) -> None:
    """Train on several past dates, judge on later ones, register the model, and put it in force if the gate lets it."""
    settings = point_prefect_at_its_server(SOURCE_SETTINGS)
    from flows.range_tasks import range_runner
    from flows.train import train_model

    flow = train_model.with_options(task_runner=range_runner(settings.workers))
    result = call_flow(flow, as_of=as_of, dates=dates, promote=promote)
    print_result(result, as_json=as_json)


@app.command(
    epilog="Example: escore run --as-of 2025-12-31 | night after night: escore run --incremental --as-of 2026-01-01"
)
def run(
    as_of: AsOf,
    model: Annotated[str | None, typer.Option(help="Version of a registered model; default: the one in force.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, even if a run was left half-finished.")] = False,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Read only what changed since the last published run; same result.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Score every consumer as of a date, and publish: partition, extract, features, score, gate, publish."""
    settings = point_prefect_at_its_server(RUN_SETTINGS)
    from flows.range_tasks import run_runner
    from flows.score import score_clients

    flow = score_clients.with_options(task_runner=run_runner(settings))
    result = call_flow(flow, as_of=as_of, model_version=model, fresh=fresh, incremental=incremental)
    if as_json:
        print_json(result)


@app.command(epilog="Example: escore rollback")
def rollback() -> None:
    """Make the previously published run current again, in PostgreSQL and Redis."""
    from flows.resources import open_results
    from stores.ledger import holding_off_erasures

    settings = load_settings().require(*RESULTS_SETTINGS)
    with open_results(settings) as results, holding_off_erasures(results.engine):
        OUT.print(f"run {results.publisher.rollback()} is in force", highlight=False)


app.command("monitor", epilog=MONITOR_EXAMPLE)(monitor)
app.command("replay", epilog=REPLAY_EXAMPLE)(replay)
app.command("erase", epilog=ERASE_EXAMPLE)(erase)
app.command("readmit", epilog=READMIT_EXAMPLE)(readmit)
app.command("rotate-key", epilog=ROTATE_EXAMPLE)(rotate_key)


@app.command(
    epilog="Example: escore serve --port 8080 | one system alone: escore serve --system c "
    "| one process a core, on one port: escore serve --reuse-port --own-port 9081 & escore serve --reuse-port "
    "--own-port 9082 &"
)
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    system: Annotated[
        Literal["a", "b", "c", "todos"], typer.Option(help="Serve one system, with its own stores alone, or all.")
    ] = "todos",
    reuse_port: Annotated[
        bool, typer.Option("--reuse-port", help="Share the port with other processes that are started so.")
    ] = False,
    own_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="A second port, this process's alone: where to read /metrics.")
    ] = None,
) -> None:
    """Answer the documented endpoints and the score over HTTP; SIGTERM ends it without losing a request."""
    from serve.api.run_server import serve as serve_http

    serve_http(load_settings(), host=host, port=port, system=system, reuse_port=reuse_port, own_port=own_port)


app.command("token", epilog=MINT_EXAMPLE)(token)
app.command("jwks", epilog=JWKS_EXAMPLE)(jwks)


@app.command(epilog="Example: escore demo --clients 10000")
def demo(
    clients: Annotated[int, typer.Option(min=2_000, help="Number of consumers; fewer default too seldom.")] = 10_000,
    as_of: AsOf = date(2025, 12, 31),
    keep: Annotated[bool, typer.Option(help="Leave the embedded stores running at the end.")] = False,
) -> None:
    """From nothing to three scores read over HTTP, on a clean state of its own."""
    from flows.demo import run_demo

    run_demo(load_settings(), clients=clients, as_of=as_of, keep=keep, console=ERR)


def main() -> None:
    """Run the command line; an EscoreError prints its lines and exits with its own code, any other tells no values.

    What it writes is for its own user alone, and a crash leaves no core.
    """
    keep_files_private()
    keep_memory_private()
    withhold_lost_exceptions()
    try:
        app()
    except EscoreError as error:
        _end(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may quote a record
        _end(withheld(error))


def _end(error: EscoreError) -> NoReturn:
    for line in str(error).splitlines():
        ERR.print(Text.assemble(("error", "bold red"), f": {shown(line)}"), soft_wrap=True)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
