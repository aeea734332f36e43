"""The commands ``escore models ...``: which models there are, what is known of one, and who put which in force."""

from __future__ import annotations

from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.settings import load_settings
from flows.commands.completion import complete_model, complete_model_or_current
from flows.commands.options import AsJson, ExportFormat
from flows.commands.output import OUT, print_json
from flows.commands.panels import examples
from flows.terminal import print_table

if TYPE_CHECKING:
    from models.history import ModelEvent

models_app = typer.Typer(help="Models: list, look into, promote, retire, export.", no_args_is_help=True)


Version = Annotated[
    str,
    typer.Argument(help="Version, or vigente: the model in force.", autocompletion=complete_model_or_current),
]
ExactVersion = Annotated[
    str, typer.Argument(help="Version, as `escore models list` shows it.", autocompletion=complete_model)
]
Why = Annotated[str, typer.Option(help="Reason, in words; kept for good.")]
Who = Annotated[str | None, typer.Option(help="Who decides; default: the user of the operating system.")]


@models_app.command("list", epilog=examples("escore models list", "escore models list --json"))
def list_registered(as_json: AsJson = False) -> None:
    """List the registered models: figures out of time with their intervals, the gate's decision, what is in force."""
    from flows.model_listing import list_table, summarize_models
    from flows.resources import open_lake

    summaries = summarize_models(open_lake(load_settings()))
    if as_json:
        print_json([summary.to_json() for summary in summaries])
    elif summaries:
        print_table(OUT, list_table(summaries))
    else:
        OUT.print("no model yet: `escore train --as-of DATE` makes one", highlight=False)


@models_app.command(epilog=examples("escore models show vigente", "escore models show 2025-12-31-5cfce3e2 --json"))
def show(version: Version, as_json: AsJson = False) -> None:
    """Show a model: figures with their intervals, the gate's checks, the strongest terms, its history, its report."""
    from flows.model_details import gather_details
    from flows.model_output import print_details
    from flows.resources import open_lake

    details = gather_details(open_lake(load_settings()), version)
    if as_json:
        print_json(details.to_json())
    else:
        print_details(details, OUT)


@models_app.command(epilog=examples('escore models promote 2025-12-31-5cfce3e2 --why "better out of time"'))
def promote(
    version: ExactVersion,
    why: Why,
    who: Who = None,
    despite_gate: Annotated[
        bool, typer.Option("--despite-gate", help="Promote although the gate refused it; that is kept too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a registered model in force; the next run scores with it."""
    from flows.resources import open_lake
    from models.registry import promote_model

    event = promote_model(
        open_lake(load_settings()),
        version,
        who=who or getuser(),
        why=why,
        when=datetime.now(UTC),
        despite_gate=despite_gate,
    )
    _print_event(event, "in force", as_json=as_json)


@models_app.command(epilog=examples('escore models retire 2024-12-31-fff0491d --why "unstable over months"'))
def retire(version: ExactVersion, why: Why, who: Who = None, as_json: AsJson = False) -> None:
    """Retire a registered model for good: it stays readable, and neither scores nor comes into force again."""
    from flows.resources import open_lake
    from models.registry import retire_model

    event = retire_model(open_lake(load_settings()), version, who=who or getuser(), why=why, when=datetime.now(UTC))
    _print_event(event, "retired", as_json=as_json)


@models_app.command(
    epilog=examples(
        "escore models export vigente --format sql-postgresql --output score.sql",
        "escore models export vigente --format html --output scorecard.html",
    )
)
def export(
    version: Version,
    output: Annotated[Path, typer.Option(help="File to write; one that is there is replaced.")],
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.JSON,
    source: Annotated[str, typer.Option(help="Of SQL: table or view that holds the features.")] = "variaveis",
    as_json: AsJson = False,
) -> None:
    """Write a model as SQL that scores a table of features, a one-page scorecard, a Parquet table or its JSON."""
    from flows.model_details import find_model
    from flows.model_export import export_model
    from flows.resources import open_lake

    model = find_model(open_lake(load_settings()), version)
    export_model(model, form, output, source=source)
    if as_json:
        print_json({"versao": model.version, "formato": form.value, "arquivo": str(output)})
    else:
        OUT.print(f"model {model.version} as {form}: {output}", highlight=False, markup=False)


def _print_event(event: ModelEvent, state: str, *, as_json: bool) -> None:
    if as_json:
        print_json(event.to_json())
    else:
        told = f"model {event.version} is {state} (event {event.number}, by {event.who})"
        OUT.print(told, highlight=False, markup=False)
