"""What ``escore`` says when it is called without a command: where this installation is, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.markup import escape
from rich.table import Table

from contracts.errors import SettingsError
from contracts.settings import load_settings
from flows.commands.output import OUT
from flows.commands.panels import PANELS
from flows.commands.whereabouts import Stage, Whereabouts, look_around
from serve.api.version import VERSION

PAGE, API = "http://127.0.0.1:8080/app/", "http://127.0.0.1:8080/docs"
"""Where ``escore serve`` shows itself unless it is told otherwise: a consumer's page, and the API's."""

EXAMPLE_DATE = "2025-12-31"

_STANDING = {
    Stage.NOTHING: "no store is set up yet",
    Stage.STOPPED: "the embedded stores are stopped; their data are kept",
    Stage.INCOMPLETE: "some stores are set, and others are not",
    Stage.DOWN: "something that is needed does not answer",
    Stage.UNPREPARED: "the stores answer; tables are missing, or cannot be read",
    Stage.EMPTY: "the stores are up and empty",
    Stage.NO_MODEL: "the stores hold consumers; no model is in force",
    Stage.NO_RUN: "a model is in force; no run is published",
    Stage.PUBLISHED: "scores are published",
}
Steps = list[tuple[str, str]]
"""Commands, and what each does."""


def show_guide(command_line: Any) -> None:
    """Print where this installation is, what to do next and which commands there are; SettingsError if it cannot."""
    OUT.print(f"[bold]escore {VERSION}[/]: every consumer's credit score, every night, with exact reasons\n")
    try:
        found = look_around(load_settings())
    except SettingsError:
        OUT.print("the settings are wrong: correct what is named below\n")
        _print_commands(command_line)
        raise
    OUT.print(f"[bold]Where you are[/]: {_STANDING[found.stage]}", highlight=False)
    for line in [*found.lacking, *_what_there_is(found)]:
        OUT.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
    OUT.print("\n[bold]What to do next[/]")
    _print_steps(next_steps(found))
    OUT.print()
    _print_commands(command_line)


def next_steps(found: Whereabouts) -> Steps:
    """Return what leads on from where an installation is, the next step first."""
    day = _reference_date(found)
    steps: dict[Stage, Steps] = {
        Stage.NOTHING: [
            ("make demo", "see the whole job once, on a state of its own: four minutes"),
            ("escore up", "or start the embedded stores, and go step by step"),
        ],
        Stage.STOPPED: [("escore up", "start them again on their data"), ("escore status", "see each of them")],
        Stage.INCOMPLETE: [("escore check", "once all are set, in the environment or .env: see what else is missing")],
        Stage.DOWN: [
            ("escore check", "see what is wrong with each store, and what to do"),
            ("escore status", "see whether the embedded ones run; `escore up` starts those that do not"),
        ],
        Stage.UNPREPARED: [
            ("escore migrate", "make the tables and indexes that are missing"),
            ("escore check", "see what is wrong with each store, and what to do"),
        ],
        Stage.EMPTY: [
            (f"escore populate --clients 2000 --as-of {day}", "fill them with generated consumers"),
        ],
        Stage.NO_MODEL: [(f"escore train --as-of {day}", "learn a model from past dates, and judge it on later ones")],
        Stage.NO_RUN: [(f"escore run --as-of {day}", "score every consumer, and publish if the gates let it")],
        Stage.PUBLISHED: _after_publication(found),
    }
    return steps[found.stage]


def _reference_date(found: Whereabouts) -> str:
    """Return a date to go on with: the one that the model's data end with, else the generated population's."""
    if found.half_finished is not None:
        return found.half_finished.data_referencia.isoformat()
    return found.model[: len(EXAMPLE_DATE)] if found.model else EXAMPLE_DATE


def _after_publication(found: Whereabouts) -> Steps:
    serve = ("escore serve", f"answer over HTTP: {API}; the page for the browser: {PAGE}")
    return [
        *([] if found.is_served else [serve]),
        ("escore token", "a token to read with, for development"),
        ("escore runs list", "the runs; `escore runs show RUN`: its counts, fingerprint and files"),
        ("escore models show vigente", "the model in force: figures, strongest terms, report"),
        ("escore monitor", "hold the run against what its model was trained on"),
    ]


def _what_there_is(found: Whereabouts) -> Iterable[str]:
    if found.model is not None:
        yield f"model in force: {found.model}"
    if found.run is not None:
        scored = "" if found.run.pontuados is None else f", {found.run.pontuados:,} scores"
        yield f"run in force: {found.run.id}, as of {found.run.data_referencia}{scored}"
    if found.half_finished is not None:
        day = found.half_finished.data_referencia
        yield f"run {found.half_finished.id} was begun and is not over: `escore run --as-of {day}` goes on with it"
    if found.is_served:
        yield f"the API answers: {API}; the page for the browser: {PAGE}"
    if found.report is not None:
        yield f"newest report: {found.report.resolve()}"
    if found.prefect_ui is not None:
        yield f"Prefect's UI: {found.prefect_ui}"


def _print_steps(steps: Steps) -> None:
    width = max(len(command) for command, _ in steps)
    for command, about in steps:
        OUT.print(f"  [bold cyan]{escape(command):{width}}[/]  {escape(about)}", highlight=False, soft_wrap=True)


def _print_commands(command_line: Any) -> None:
    OUT.print("[bold]Commands[/]: each says more with --help")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(style="cyan")
    for panel in PANELS:
        names = [name for name, one in command_line.commands.items() if one.rich_help_panel == panel]
        table.add_row(f"  {panel}", ", ".join(names))
    OUT.print(table)
