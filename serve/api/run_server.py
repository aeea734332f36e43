"""The process that serves the API, all of it or one of its systems."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Literal

from starlette.types import ASGIApp

from contracts.private_process import keep_memory_private
from contracts.settings import Settings
from serve.api.limits import Limits
from serve.api.listeners import open_sockets
from serve.api.log_lines import withhold_values
from serve.api.server import Server, ServerConfig
from serve.app import create_app, create_app_a, create_app_b, create_app_c
from serve.auditing.segment import prepare_folder

MOST_FILES = 8_192
"""Open files of the process, connections included, where the system allows so many."""

System = Literal["a", "b", "c", "todos"]
_APPLICATIONS: dict[System, Callable[[Settings], ASGIApp]] = {
    "a": create_app_a,
    "b": create_app_b,
    "c": create_app_c,
    "todos": create_app,
}


def serve(  # noqa: PLR0913 - what the command takes, each by its name
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    system: System = "todos",
    reuse_port: bool = False,
    own_port: int | None = None,
) -> None:
    """Serve one system, or all three, until told to stop; SettingsError before anything is opened.

    The address is taken before the application starts: UsageError if it cannot be had. ``reuse_port`` shares it with
    other processes; ``own_port`` is answered by this process alone, so that its measures can be read.
    """
    _allow_connections()
    config = ServerConfig(
        _APPLICATIONS[system](settings), limits=Limits.from_settings(settings), log_format=settings.log_format
    )
    withhold_values()
    if settings.audit_mode == "diario":
        prepare_folder(settings.audit_root)
    sockets = open_sockets(host, port, reuse_port=reuse_port)
    if own_port is not None:
        sockets += open_sockets(host, own_port)
    keep_memory_private()
    Server(config, drain_seconds=settings.drain_seconds).run(sockets=sockets)


def _allow_connections() -> None:
    """Let the process hold as many connections as the system allows it; many systems begin at 1,024 files."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
