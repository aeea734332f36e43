"""How a command ends: its exit code, and in one clear line what went wrong; as JSON where JSON was asked for.

An error that nobody meant tells no values. Ctrl-C ends with 130, a reader that went away (``| head``) with 1 and no
word. With ``--json`` an error is the last line of the error stream, one JSON object: ``erro``, its class; ``codigo``,
the exit code; ``mensagens``, the lines that a person would read.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import typer
from rich.text import Text

from contracts.errors import EscoreError
from contracts.private_process import keep_files_private, keep_memory_private
from flows.commands.output import ERR, as_json, shown
from flows.withheld import withheld, withhold_lost_exceptions

INTERRUPTED = 130
"""What a shell gives a command that Ctrl-C ended: 128 and the number of SIGINT."""
READER_GONE = 1

_ONLY_HELP = "NoArgsIsHelpError"
"""What Typer raises once it has shown the help of a group that was called without a command."""
_NOISE = ": Value error, "
_POSSIBLE = re.compile(r" \(Possible options: (.*)\)$")


def run_to_its_end(command_line: Callable[..., Any]) -> NoReturn:
    """Run the command line and end the process with its exit code.

    What it writes is for its own user alone, and a crash leaves no core.
    """
    keep_files_private()
    keep_memory_private()
    withhold_lost_exceptions()
    _write_what_the_terminal_can()
    try:
        code = command_line(prog_name="escore", standalone_mode=False)
    except EscoreError as error:
        _end(type(error).__name__, error.exit_code, str(error).splitlines())
    except typer.TyperException as error:
        _end_misused(error)
    except typer.Abort:
        _end("Abort", 1, ["there is no more input"])
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may quote a record
        told = withheld(error)
        _end(type(told).__name__, told.exit_code, str(told).splitlines())
    if code == INTERRUPTED:
        _end("KeyboardInterrupt", INTERRUPTED, ["interrupted"], hint=_after_interruption())
    _leave(code if isinstance(code, int) else 0)


def _after_interruption() -> str:
    goes_on = "what is finished is kept: the same command goes on with it, `escore runs list` shows it"
    return goes_on if sys.argv[1:2] == ["run"] else ""


def _write_what_the_terminal_can() -> None:
    """Let a character that the terminal's encoding lacks be shown as `?`, rather than end the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end_misused(error: typer.TyperException) -> NoReturn:
    """End a call that the command line does not understand: what is wrong, what was meant, where the help is."""
    if type(error).__name__ == _ONLY_HELP:
        _leave(error.exit_code)
    message = _POSSIBLE.sub(r". Did you mean \1?", error.format_message().replace(_NOISE, ": "))
    context: typer.Context | None = getattr(error, "ctx", None)
    hint = "" if context is None else f"{context.command_path} --help shows options and examples"
    _end("UsageError", error.exit_code, message.splitlines(), hint=hint)


def _end(kind: str, code: int, lines: Sequence[str], *, hint: str = "") -> NoReturn:
    plain = [shown(line) for line in lines]
    if "--json" in sys.argv[1:]:
        sys.stderr.write(as_json({"erro": kind, "codigo": code, "mensagens": plain}) + "\n")
    else:
        for line in plain:
            ERR.print(Text.assemble(("error", "bold red"), f": {line}"), soft_wrap=True)
        if hint:
            ERR.print(hint, soft_wrap=True, highlight=False, markup=False)
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process once all that was printed is out, and without a word where nobody reads it any more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or READER_GONE
    sys.exit(code)
