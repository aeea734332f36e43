"""The commands that fill the three stores: ``escore populate`` and ``escore import berka``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.settings import load_settings
from flows.commands.options import AsJson, AsOf
from flows.commands.output import print_json, print_values
from flows.commands.panels import examples

POPULATE_EXAMPLES = examples(
    "escore populate --as-of 2025-12-31",
    "escore populate --clients 2000 --seed 1 --as-of 2025-12-31 --dirty 0.01 --replace",
)
_SHAPE = "What is in it"

import_app = typer.Typer(help="Load public data sets into the three stores.", no_args_is_help=True)
Replace = Annotated[bool, typer.Option(help="Empty the three stores first.")]


def populate(
    as_of: AsOf,
    clients: Annotated[int, typer.Option(min=1, help="Number of consumers.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed and options, same bytes.", rich_help_panel=_SHAPE)] = 1,
    months: Annotated[
        int, typer.Option(min=3, max=120, help="Months of history that end with DATE.", rich_help_panel=_SHAPE)
    ] = 36,
    dirty: Annotated[
        float,
        typer.Option(min=0, max=0.2, help="Share of records with a planted defect, 0 to 0.2.", rich_help_panel=_SHAPE),
    ] = 0.0,
    events: Annotated[
        float,
        typer.Option(min=0.1, max=1000, help="Mean Base C events a consumer in 36 months.", rich_help_panel=_SHAPE),
    ] = 60,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Write a realistic generated population into the three stores, and its truth files under var/verdade."""
    from flows.populate import populate_stores
    from population.parameters import PopulationParameters

    parameters = PopulationParameters(clients, seed, as_of, months=months, dirty=dirty, mean_events=events)
    written = populate_stores(load_settings(), parameters, replace=replace)
    if as_json:
        print_json({"registros": dict(written.records), "defeitos_plantados": dict(written.defects)})
    else:
        print_values("population", {**written.records, "defeitos plantados": sum(written.defects.values())})


@import_app.command("berka", epilog=examples("escore import berka ../shared/data/berka"))
def import_berka(
    directory: Annotated[Path, typer.Argument(help="Folder with the PKDD'99 files.")],
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Load the PKDD'99 data of a Czech bank into the three stores by a documented mapping."""
    from flows.populate import import_berka_files

    loaded = import_berka_files(load_settings(), directory, replace=replace)
    if as_json:
        print_json({"registros": dict(loaded.written), "deixados_de_fora": dict(loaded.left_out)})
    else:
        left_out = {f"left out: {reason}": number for reason, number in loaded.left_out.items()}
        print_values("import", {**loaded.written, **left_out})
