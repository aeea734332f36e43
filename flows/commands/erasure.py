"""The commands ``escore erase`` and ``escore readmit``: a person out of all that the engine keeps, and in again."""

from __future__ import annotations

from typing import Annotated

import typer

from contracts.settings import load_settings
from flows.commands.options import AsJson
from flows.commands.output import print_json, print_values
from flows.commands.panels import examples

ERASE_EXAMPLES = examples(
    "escore erase --cliente 7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e",
    "escore erase --cliente 7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e --json  # the proof, to keep",
    "escore erase --cliente 7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e --later  # in its turn",
)
READMIT_EXAMPLES = examples("escore readmit --cliente 7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e")


def erase(
    cliente: Annotated[str, typer.Option(help="Consumer: cliente.id of Base A.", metavar="ID")],
    later: Annotated[
        bool,
        typer.Option("--later", help="Only enter the request in the queue, which `escore erasures work` works on."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person (LGPD) from lake, results, cache and future training, and prove it; safe to repeat.

    Later runs leave the person out even if the three stores still hold them. Prints no personal data.
    """
    if later:
        _queue(cliente, as_json=as_json)
        return
    from flows.erase import erase_client

    proof = erase_client(load_settings(), cliente)
    if as_json:
        print_json(proof.to_json())
    else:
        places = {f"removed from {place}": number for place, number in proof.removed.items()}
        done = {"found afterwards": proof.found_after, "done at": proof.done_at.isoformat()}
        print_values("erasure", {"person (keyed hash)": proof.titular, **places, **done})


def _queue(client_id: str, *, as_json: bool) -> None:
    from flows.erasure_queue import request_erasure

    request = request_erasure(load_settings(), client_id)
    if as_json:
        print_json(request.to_json())
    else:
        told = {"request": str(request.id), "person (keyed hash)": request.titular, "state": request.situacao}
        print_values("request of erasure", {**told, "asked at": request.pedido_em.isoformat()})


def readmit(
    cliente: Annotated[str, typer.Option(help="Consumer: cliente.id of Base A.", metavar="ID")],
    as_json: AsJson = False,
) -> None:
    """Take in again a person who was erased, or whose CPF was; the next run reads everything."""
    from flows.readmit import readmit_client

    changed = readmit_client(load_settings(), cliente)
    if as_json:
        print_json({"apagamentos_alterados": changed})
    else:
        print_values("readmission", {"entries of apagamento changed": changed})
