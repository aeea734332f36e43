"""How commands stand together in ``escore --help``, and how each shows its examples."""

from __future__ import annotations

START = "Start here"
DATA = "Fill the stores"
NIGHT = "Night by night"
SERVE = "Serve the scores"
PERSONS = "Rights of persons"
OPERATE = "Operate the stores"

PANELS = (START, DATA, NIGHT, SERVE, PERSONS, OPERATE)
"""In the order in which ``--help`` and the guide show them; within one, commands stand as they are added."""

_HEADING = "Examples:"


def examples(*commands: str) -> str:
    r"""Return the end of a command's help: its examples, a line of shell each, a comment after ``#`` where it helps.

    >>> examples("escore up", "escore up --no-prefect  # without its server")
    'Examples:\nescore up\nescore up --no-prefect  # without its server'
    """
    return "\n".join((_HEADING, *commands))


def examples_of(epilog: str | None) -> tuple[str, ...]:
    r"""Return the examples that ``examples`` made an end of help from, one that goes over several lines as one.

    >>> examples_of(examples("escore a", "escore b \\", "  --c 1"))
    ('escore a', 'escore b \\\n  --c 1')
    """
    heading, _, shown = (epilog or "").partition("\n")
    if heading != _HEADING:
        return ()
    whole: list[str] = []
    for line in shown.splitlines():
        if whole and whole[-1].endswith("\\"):
            whole[-1] += f"\n{line}"
        else:
            whole.append(line)
    return tuple(whole)
