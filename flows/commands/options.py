"""Options that several commands share, and the values that an option takes."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer

from flows.commands.completion import complete_date


def parse_date(text: str | date) -> date:
    """Return the date of an option written YYYY-MM-DD."""
    if isinstance(text, date):  # an option's default comes as it is declared
        return text
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise typer.BadParameter("no date of the calendar, written YYYY-MM-DD") from error


OUTPUT = "Output"
"""Panel of the options that say how a result is printed."""

AsOf = Annotated[
    date,
    typer.Option(
        "--as-of",
        parser=parse_date,
        metavar="DATE",
        help="Reference date, YYYY-MM-DD (ends in São Paulo).",
        autocompletion=complete_date,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON for a machine to read, errors too.", rich_help_panel=OUTPUT)
]
OptionalAsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=parse_date,
        metavar="DATE",
        help="Reference date, YYYY-MM-DD; default: yesterday.",
        autocompletion=complete_date,
    ),
]


class ExportFormat(StrEnum):
    """What a model can be written as."""

    SQL_POSTGRESQL = "sql-postgresql"
    SQL_ORACLE = "sql-oracle"
    HTML = "html"
    PARQUET = "parquet"
    JSON = "json"
