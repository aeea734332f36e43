"""A model's details as tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.commands.output import plain
from flows.model_details import FIGURES, ModelDetails
from flows.model_listing import APPROVED
from flows.terminal import print_table
from models.history import ModelEvent


def print_details(details: ModelDetails, console: Console) -> None:
    """Print figures with their intervals, the gate's checks, the strongest terms, the history and the report's path."""
    summary, model = details.summary, details.model
    registered = "-" if summary.registered_at is None else summary.registered_at.isoformat(sep=" ", timespec="minutes")
    console.print(
        f"model {model.version}, {escape(model.points.name)}: {summary.state or 'registrado'}\n"
        f"registered {registered}, SHA-256 {model.points.sha256}\n"
        f"{len(model.points.terms)} terms on {len(model.points.features)} features, base {model.points.base_points}",
        highlight=False,
    )
    print_table(console, _figure_table(details))
    print_table(console, _check_table(model.decision))
    print_table(console, _term_table(details))
    print_table(console, _event_table(details.events))
    console.print(f"report: {escape(details.report or 'none')}", highlight=False, soft_wrap=True)


def _figure_table(details: ModelDetails) -> Table:
    table = _table("figures, with 95% intervals by consumer", "figure", *details.sets)
    table.add_row("linhas", *(f"{figures.rows:,}" for figures in details.sets.values()))
    table.add_row("inadimplentes", *(f"{figures.bads:,}" for figures in details.sets.values()))
    for name in FIGURES:
        found = [getattr(figures, name) for figures in details.sets.values()]
        table.add_row(name, *("-" if one is None else escape(str(one)) for one in found))
    return table


def _check_table(decision: Mapping[str, Any]) -> Table:
    verdict = APPROVED if decision["assume"] else "[bold red]recusado[/]"
    against = decision.get("modelo_em_vigor")
    title = f"gate: {verdict}" + (f", against {escape(str(against))}" if against else "")
    table = _table(title, "check", "passed", "what was found")
    for check in decision.get("verificacoes", ()):
        passed = "yes" if check["passou"] else "[bold red]no[/]"
        table.add_row(escape(check["nome"]), passed, escape(check["texto"]))
    return table


def _term_table(details: ModelDetails) -> Table:
    table = _table("terms that move scores most", "term", "features", "points from", "to", "mean size")
    for column in table.columns[2:]:
        column.justify = "right"
    for term in details.terms:
        points = f"{term.lowest:+d}", f"{term.highest:+d}", f"{term.mean_size:.1f}"
        table.add_row(escape(term.code), escape(", ".join(term.features)), *points)
    return table


def _event_table(events: tuple[ModelEvent, ...]) -> Table:
    table = _table("history", "no", "event", "when", "who", "why")
    for event in events:
        kind = f"{event.kind} despite the gate" if event.despite_gate else str(event.kind)
        when = event.when.isoformat(sep=" ", timespec="seconds")
        table.add_row(str(event.number), kind, when, plain(event.who), plain(event.why))
    return table


def _table(title: str, *columns: str) -> Table:
    return Table(*columns, title=title, title_justify="left")
