"""The command ``escore erase``: a person out of everything that the engine keeps."""

# ruff: noqa: PLC0415 - heavy imports wait for their command
from __future__ import annotations

from typing import Annotated

import typer

from contracts.settings import load_settings
from flows.cli_options import AsJson
from flows.cli_output import print_json, print_values

ERASE_EXAMPLE = "Example: escore erase --cliente 7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e"


def erase(
    cliente: Annotated[str, typer.Option(help="Consumer: cliente.id of Base A.", metavar="ID")],
    as_json: AsJson = False,
) -> None:
    """Erase a person (LGPD) from lake, results, cache and future training, and prove it; safe to repeat.

    Later runs leave the person out even if the three stores still hold them. Prints no personal data.
    """
    from flows.erase import erase_client

    proof = erase_client(load_settings(), cliente)
    if as_json:
        print_json(proof.to_json())
    else:
        places = {f"removed from {place}": number for place, number in proof.removed.items()}
        done = {"found afterwards": proof.found_after, "done at": proof.done_at.isoformat()}
        print_values("erasure", {"person (keyed hash)": proof.titular, **places, **done})
