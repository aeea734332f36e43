"""The reference page of the errors: when the engine raises each, the exit code, and what to do about it."""

from __future__ import annotations

import inspect

from contracts import errors
from flows.commands.endings import INTERRUPTED, READER_GONE
from flows.markdown_tables import markdown_table

_ACT = {
    "EscoreError": "Read the line: what ends with this code has no more to say.",
    "UnexpectedError": "Nothing was published. Report it with the version and the places in the code that it names.",
    "SettingsError": "Set what it names ([settings](settings.md)); all that is wrong is in the list.",
    "UsageError": "Call it as `escore COMMAND --help` says.",
    "StoreUnavailableError": "See to the store; then start the same command again: it "
    "[goes on](../how-to/resume-a-run.md).",
    "StoreContractError": "`escore check` lists all of it; `escore migrate` makes tables of ours, [roles and "
    "views](../how-to/own-stores.md) are the owners'.",
    "DataIntegrityError": "It names the file or the count. A run does a damaged range anew by itself; of a "
    "model, fetch the file from a backup, or train again.",
    "GateError": "[Gates](gates.md) says what each expectation means and what to do.",
    "TrainingRefusedError": "The line has the counts: wait for labels to mature, give more consumers, or take out what "
    "is forbidden ([train](../how-to/train-and-promote.md)).",
    "ModelNotFoundError": "`escore models list` shows which there are; promote one, or train.",
    "RunConflictError": "`escore runs list` shows what is at work: let it finish, or abandon it.",
    "ClientNotFoundError": "Is the id that of Base A, and the run one that knew the consumer?",
}
"""What to do about each error, by its class."""


def errors_page() -> str:
    """Return the page, without its first line."""
    family = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.EscoreError)]
    rows = (
        (str(c.exit_code), f"`{c.__name__}`", _first_line(c), _ACT[c.__name__])
        for c in sorted(family, key=lambda c: (c.exit_code, c.__name__))
    )
    return (
        "# Errors and exit codes\n\n*For operators, and for whoever calls commands from programs.* A command that "
        "fails says why, one line each, all mistakes together, and ends with the code of their kind. No line names a "
        "person or a password.\n\n"
        f"{markdown_table(('code', 'error', 'when', 'what to do'), rows)}\n\n"
        "A call that the command line does not understand ends with 2, as a `UsageError` does, and names what may have "
        f"been meant. Ctrl-C ends with {INTERRUPTED}, and `escore runs list` tells what a run left; SIGTERM and a "
        "terminal that closes end commands that start servers or flows in the same way. A reader that goes "
        f"away (`escore runs list | head -1`) ends a command with {READER_GONE} and no word. Every error is a line or "
        "more on the error stream; with `--json` its [last line is an object](json-output.md#errors).\n"
    )


def _first_line(error: type[errors.EscoreError]) -> str:
    return inspect.cleandoc(error.__doc__ or "").splitlines()[0].replace("``", "`")
