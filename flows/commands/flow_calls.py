"""Calls a flow from the command line: settings first, then Prefect, which is slow to import and to start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contracts.errors import EscoreError, StoreUnavailableError
from contracts.settings import Settings, load_settings
from flows.commands.stopping import end_as_by_ctrl_c

_UNREACHED = (
    "Failed to reach API at",
    "Timed out while attempting to connect to ephemeral Prefect API server",
    "Unable to find an available port",
)
"""How the text of a RuntimeError begins by which Prefect 3.8 says that there is no server; any other is a fault."""
_OTHER_VERSION = "Found incompatible versions"


def point_prefect_at_its_server(required: tuple[str, ...]) -> Settings:
    """Return the settings, checked before Prefect, which is slow to import and to start, is touched.

    Without a server of its own, Prefect starts one for the command: SIGTERM must not leave it behind.
    """
    settings = load_settings().require(*required)
    end_as_by_ctrl_c()
    from flows.prefect_environment import configure_prefect
    from flows.withheld import print_errors_in_one_line

    configure_prefect(settings)
    print_errors_in_one_line()
    return settings


def call_flow(flow: Any, **parameters: Any) -> Any:
    """Call a flow; a Prefect server that is not there or goes away is one clear line, and so is what stops the flow."""
    from flows.withheld import leave_refusals_to_the_command

    leave_refusals_to_the_command()
    with prefect_answers("the table execucao tells how far the run got"):
        return flow(**parameters)


@contextmanager
def prefect_answers(advice: str = "`escore status` shows a local one") -> Iterator[None]:
    """Let a Prefect server that is not there, refuses or goes away be one clear line; every other error passes."""
    try:
        yield
    except EscoreError:
        raise
    except Exception as error:
        told = _told_of_server(error)
        if told is None:
            raise
        raise StoreUnavailableError(f"Prefect's server {told}; {advice}") from None


def _told_of_server(error: Exception) -> str | None:
    """Return what an error says of Prefect's server, without its text; None if it is no failure of the server."""
    from httpx import HTTPError, HTTPStatusError
    from prefect import exceptions

    refusals = (exceptions.ObjectNotFound, exceptions.ObjectAlreadyExists, exceptions.ObjectLimitReached)
    if isinstance(error, HTTPStatusError):
        return f"refuses (HTTP {error.response.status_code})"
    if isinstance(error, refusals):
        return f"refuses ({type(error).__name__})"
    if isinstance(error, HTTPError) or (isinstance(error, RuntimeError) and str(error).startswith(_UNREACHED)):
        return f"does not answer ({type(error).__name__})"
    if isinstance(error, RuntimeError) and str(error).startswith(_OTHER_VERSION):
        return "is of another version, which this one does not speak to"
    return None
