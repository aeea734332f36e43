"""Calls a flow from the command line: settings first, then Prefect, which is slow to import and to start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contracts.errors import StoreUnavailableError
from contracts.settings import Settings, load_settings
from flows.commands.stopping import end_as_by_ctrl_c


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
    """Call a flow; a Prefect server that is not there or goes away is one clear line.

    What fails inside a flow is an EscoreError (``values_withheld``); a RuntimeError is Prefect's own.
    """
    with prefect_answers("the table execucao tells how far the run got"):
        return flow(**parameters)


@contextmanager
def prefect_answers(advice: str = "`escore status` shows a local one") -> Iterator[None]:
    """Let a Prefect server that is not there, refuses or goes away be one clear line."""
    try:
        yield
    except _prefect_errors() as error:
        raise StoreUnavailableError(f"Prefect's server does not answer ({type(error).__name__}); {advice}") from None


def _prefect_errors() -> tuple[type[Exception], ...]:
    """Return the classes of Prefect's own failures; imported when one has happened, and Prefect knows its server."""
    from httpx import HTTPError
    from prefect.exceptions import PrefectException

    return HTTPError, PrefectException, RuntimeError
