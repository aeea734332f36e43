"""The command ``escore replay``: the review of one published score."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from contracts.settings import load_settings
from flows.commands.completion import complete_run
from flows.commands.options import AsJson
from flows.commands.output import OUT, print_json
from flows.commands.panels import examples

REPLAY_EXAMPLES = examples(
    "escore replay --execucao 019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f \\",
    "  --cliente 7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e",
)


def replay(
    execucao: Annotated[UUID, typer.Option(help="Run: execucao.id.", metavar="ID", autocompletion=complete_run)],
    cliente: Annotated[str, typer.Option(help="Consumer: cliente.id of Base A.", metavar="ID")],
    finalidade: Annotated[str, typer.Option(help="Why the person's data are read; kept in auditoria.")] = "revisao",
    as_json: AsJson = False,
) -> None:
    """Recompute a published score from what was known then, and show it equal bit for bit, with all it came from.

    Prints the person's own data: for an authorised reader's terminal. The read is entered in auditoria.
    """
    from flows.replay import refuse_differing, replay_score
    from flows.replay_output import print_replay

    replayed = replay_score(load_settings(), execucao, cliente, purpose=finalidade)
    if as_json:
        print_json(replayed.to_json())
    else:
        print_replay(replayed, OUT)
    refuse_differing(replayed)
