"""The commands of the night: ``escore train``, ``escore run`` and ``escore rollback``."""

from __future__ import annotations

from typing import Annotated

import typer

from contracts.settings import RESULTS_SETTINGS, RUN_SETTINGS, SOURCE_SETTINGS, load_settings
from flows.commands.completion import complete_model
from flows.commands.flow_calls import call_flow, point_prefect_at_its_server
from flows.commands.options import AsJson, AsOf
from flows.commands.output import OUT, print_json, print_result
from flows.commands.panels import examples

TRAIN_EXAMPLES = examples(
    "escore train --as-of 2025-12-31",
    "escore train --as-of 2025-12-31 --dates 5 --no-promote --json",
)
RUN_EXAMPLES = examples(
    "escore run --as-of 2025-12-31",
    "escore run --incremental --as-of 2026-01-01  # night after night: read what changed",
    "escore run --as-of 2025-12-31 --model 2025-12-31-5cfce3e2 --json",
)
ROLLBACK_EXAMPLES = examples("escore rollback", "escore rollback --json")


def train(
    as_of: AsOf,
    dates: Annotated[int, typer.Option(min=1, max=24, help="Number of past reference dates to train on.")] = 3,
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


def run(
    as_of: AsOf,
    model: Annotated[
        str | None,
        typer.Option(
            help="Version of a registered model; default: the one in force.",
            metavar="VERSION",
            autocompletion=complete_model,
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, even if a run was left half-finished.")] = False,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Read only what changed since the last published run; same result.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Score every consumer as of a date, and publish: partition, extract, features, score, gate, publish.

    A run that was interrupted is gone on with by the same command.
    """
    settings = point_prefect_at_its_server(RUN_SETTINGS)
    from flows.range_tasks import run_runner
    from flows.score import score_clients

    flow = score_clients.with_options(task_runner=run_runner(settings))
    result = call_flow(flow, as_of=as_of, model_version=model, fresh=fresh, incremental=incremental)
    if as_json:
        print_json(result)


def rollback(as_json: AsJson = False) -> None:
    """Make the previously published run current again, in PostgreSQL and Redis."""
    from flows.resources import open_results
    from stores.run_locks import holding_off_erasures

    settings = load_settings().require(*RESULTS_SETTINGS)
    with open_results(settings) as results, holding_off_erasures(results.engine):
        run_id = results.publisher.rollback()
    if as_json:
        print_json({"execucao_id": str(run_id)})
    else:
        OUT.print(f"run {run_id} is in force", highlight=False)
