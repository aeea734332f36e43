"""The commands ``escore runs ...``: which runs there are, what is left of one, and giving up a half-finished one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from contracts.errors import DataIntegrityError
from contracts.settings import RESULTS_SETTINGS, load_settings
from flows.commands.completion import complete_run
from flows.commands.options import AsJson
from flows.commands.output import OUT, print_json, print_values
from flows.commands.panels import examples

runs_app = typer.Typer(help="Runs: list, look into, give up a half-finished one.", no_args_is_help=True)

RunId = Annotated[
    UUID,
    typer.Argument(help="Run's id, as `escore runs list` shows it.", metavar="RUN", autocompletion=complete_run),
]


@runs_app.command("list", epilog=examples("escore runs list", "escore runs list --limit 5 --json"))
def list_latest(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest runs: date, model, state (in force, under way, half-finished, failed), consumers, why it failed.

    pela_metade is a run that was killed or failed and that the next run of its date and model goes on with.
    """
    from flows.resources import open_results
    from flows.run_listing import print_list, summarize_runs

    with open_results(load_settings().require(*RESULTS_SETTINGS)) as results:
        summaries = summarize_runs(results, now=datetime.now(UTC), limit=limit)
    if as_json:
        print_json([summary.to_json() for summary in summaries])
    else:
        print_list(summaries, OUT)


@runs_app.command(
    epilog=examples(
        "escore runs show 019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f",
        "escore runs show 019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f --verify --json",
    )
)
def show(
    run: RunId,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every file of it in the lake with its checksum.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a run: counts, fingerprint, why it failed, and its ranges in the lake; exit code 5 if any is damaged."""
    from flows.resources import open_lake, open_results
    from flows.run_listing import find_run

    settings = load_settings().require(*RESULTS_SETTINGS)
    with open_results(settings) as results:
        now = datetime.now(UTC)
        details = find_run(results, open_lake(settings), run, now=now, verify=verify)
    if as_json:
        print_json(details.to_json())
    else:
        planned = "-" if details.planned is None else details.planned
        lake = {"ranges planned": planned, "ranges finished": details.finished, "damaged": len(details.damage)}
        known = {name: value for name, value in details.summary.to_json().items() if value is not None}
        print_values("run", {**known, **lake})
        for damage in details.damage:  # a line each, whose path can be copied
            OUT.print(damage, soft_wrap=True, highlight=False, markup=False)
    if details.damage:
        raise DataIntegrityError(f"{len(details.damage)} damaged in the lake; the next run of its date does them anew")


@runs_app.command(epilog=examples("escore runs abandon 019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f"))
def abandon(run: RunId, as_json: AsJson = False) -> None:
    """Give up a half-finished run, and remove at once what it left in PostgreSQL, Redis and the lake; may be repeated.

    A run that is published, or that a process is at work on, is refused with exit code 9.
    """
    from flows.resources import open_lake, open_results
    from flows.run_listing import abandon as give_up

    settings = load_settings().require(*RESULTS_SETTINGS)
    with open_results(settings) as results:
        given_up = give_up(results, open_lake(settings), run)
    if as_json:
        print_json({"execucao_id": str(given_up.id), "motivo_falha": given_up.motivo_falha})
    else:
        OUT.print(f"run {given_up.id} is given up, and nothing of it is left", highlight=False)
