"""Arguments of every command, parsed and checked as the command line does, without running anything."""

from __future__ import annotations

from functools import cache
from typing import Any

import typer

from flows.cli import app
from tests.fuzz.target import Target, check_withheld, sent_text_of

_SAMPLES = (
    "run --as-of 2025-12-31 --fresh --json",
    "populate --clients 2000 --seed 1 --as-of 2025-12-31 --dirty 0.01 --events 60",
    "train --as-of 2025-12-31 --dates 3 --no-promote",
    "models promote 2025-12-31-5cfce3e2 --why melhor",
    "models export vigente --format sql-postgresql --output score.sql",
    "replay --execucao 019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f --cliente c1",
    "serve --port 8080 --system c --reuse-port --own-port 9081",
    "token --subject banco --scope score:ler --finalidade concessao",
    "monitor --as-of 2025-12-31 --json",
    "erase --cliente c1",
    "audit ship --watch",
    "migrate --store results --store base_b",
    "import berka ../dados",
    "demo --clients 10000 --keep",
)


_UsageError = typer.BadParameter.__mro__[1]
"""What every mistake in a command line is to Typer, which brings a Click of its own."""


@cache
def _command() -> Any:
    return typer.main.get_command(app)


def _parse(data: bytes) -> None:
    """Parse a line's words down to the command that they name; a mistake is a usage error of one clear line."""
    words = [word.replace("\0", "") for word in sent_text_of(data).replace("\n", " ").split(" ")]
    command: Any = _command()
    context = None
    try:
        while True:
            context = command.make_context(command.name or "escore", list(words), parent=context)
            if not hasattr(command, "resolve_command"):
                return
            rest = [*context._protected_args, *context.args]
            if not rest:  # `Missing command`, which Typer says before it looks for one
                return
            _, command, words = command.resolve_command(context, rest)
    except _UsageError as error:
        check_withheld(error.format_message())
    except (typer.Exit, typer.Abort):
        return


TARGETS = (
    Target(
        "cli/arguments",
        "arguments of the commands",
        ("flows.commands.options:parse_date",),
        lambda: [line.encode() for line in _SAMPLES],
        _parse,
        tokens=(b"--", b" ", b"--help", b"--as-of ", b"=", b"--json", b"-", b"'", b"--cliente "),
        seconds=5.0,
    ),
)
