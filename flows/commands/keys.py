"""The command ``escore rotate-key``: another key for the names of persons, without a gap in service."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer
from rich.table import Table

from contracts.errors import UsageError
from contracts.settings import load_settings
from flows.commands.options import AsJson
from flows.commands.output import OUT, print_json
from flows.commands.panels import examples
from flows.terminal import print_table, whole

ROTATE_EXAMPLES = examples(
    "escore rotate-key --generate  # a fresh key",
    "escore rotate-key  # once API and engine know it as SCORE_CACHE_KEY_NEXT",
    "escore rotate-key --status  # which keys are still needed",
)
_KEY_BYTES = 32


def rotate_key(
    generate: Annotated[bool, typer.Option("--generate", help="Print a fresh key, and do nothing else.")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show the known keys by their ids, and what needs each; change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Name persons in Redis by the newest key (SCORE_CACHE_KEY_NEXT, else SCORE_CACHE_KEY), while readers read on.

    Writes the run in force, and the one before it, anew from PostgreSQL, and switches to them as a publication does.
    Safe to repeat; ends with exit code 9 while a run or an erasure is under way. The whole order of a change of keys is
    in docs/how-to/rotate-the-key.md.
    """
    if generate and status:
        raise UsageError("--generate and --status: one of the two")
    if generate:
        _print_fresh(secrets.token_urlsafe(_KEY_BYTES), as_json=as_json)
    elif status:
        _show_status(as_json=as_json)
    else:
        _rotate(as_json=as_json)


def _print_fresh(key: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"chave_nova": key})
    else:
        sys.stdout.write(f"{key}\n")


def _rotate(*, as_json: bool) -> None:
    from flows.rotate_key import rotate_key as rotate

    key_id, runs = rotate(load_settings())
    if as_json:
        print_json({"chave": key_id, "execucoes": [str(run_id) for run_id in runs]})
    elif runs:
        OUT.print(f"Redis names persons under {key_id}: runs written anew: {len(runs)}", highlight=False)
    else:
        OUT.print(f"nothing to do: no run in Redis is under another key than {key_id}", highlight=False)
        OUT.print("a new key is set as SCORE_CACHE_KEY_NEXT first", highlight=False)


def _show_status(*, as_json: bool) -> None:
    from flows.rotate_key import key_uses, refuse_unknown

    uses = key_uses(load_settings())
    if as_json:
        print_json([use.to_json() for use in uses])
    else:
        columns = (whole("key"), "here", "Redis", "audit, six months", "erased", "")
        table = Table(*columns, title="keys of persons' names", title_justify="left")
        for use in uses:
            audit = "yes" if use.auditoria else ""
            told = _verdict(use.papel, is_needed=use.is_needed)
            table.add_row(use.chave, use.papel, ", ".join(use.redis), audit, f"{use.apagamento:,}", told)
        print_table(OUT, table)
    refuse_unknown(uses)


def _verdict(role: str, *, is_needed: bool) -> str:
    if role == "earlier":
        return "still needed" if is_needed else "may be dropped"
    return "needed: add it" if role == "not known" else ""
