"""The command ``escore serve``: the API, until it is stopped."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from contracts.settings import load_settings
from flows.commands.panels import examples

SERVE_EXAMPLES = examples(
    "escore serve --port 8080",
    "escore serve --system c --port 8083  # one system alone",
    "escore serve --reuse-port --own-port 9081 & escore serve --reuse-port --own-port 9082 &  # a process a core",
)
_PROCESSES = "Several processes on one port"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    system: Annotated[
        Literal["a", "b", "c", "todos"], typer.Option(help="Serve one system, with its own stores alone, or all.")
    ] = "todos",
    reuse_port: Annotated[
        bool,
        typer.Option(
            "--reuse-port",
            help="Share the port with other processes that are started so.",
            rich_help_panel=_PROCESSES,
        ),
    ] = False,
    own_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="A second port, this process's alone: where to read /metrics.",
            rich_help_panel=_PROCESSES,
        ),
    ] = None,
) -> None:
    """Answer the documented endpoints and the score over HTTP; SIGTERM ends it without losing a request."""
    from serve.api.run_server import serve as serve_http

    serve_http(load_settings(), host=host, port=port, system=system, reuse_port=reuse_port, own_port=own_port)
