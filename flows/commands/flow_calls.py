"""Calls a flow from the command line: settings first, then Prefect, which is slow to import and to start."""

from __future__ import annotations

from typing import Any

from contracts.errors import StoreUnavailableError
from contracts.settings import Settings, load_settings


def point_prefect_at_its_server(required: tuple[str, ...]) -> Settings:
    """Return the settings, checked before Prefect, which is slow to import and to start, is touched."""
    settings = load_settings().require(*required)
    from flows.prefect_environment import configure_prefect
    from flows.withheld import print_errors_in_one_line

    configure_prefect(settings)
    print_errors_in_one_line()
    return settings


def call_flow(flow: Any, **parameters: Any) -> Any:
    """Call a flow; a Prefect server that is not there or goes away is one clear line.

    What fails inside a flow is an EscoreError (``values_withheld``); a RuntimeError is Prefect's own.
    """
    from httpx import HTTPError
    from prefect.exceptions import PrefectException

    try:
        return flow(**parameters)
    except (HTTPError, PrefectException, RuntimeError) as error:
        raise StoreUnavailableError(
            f"Prefect's server does not answer ({type(error).__name__}); the table execucao tells how far the run got"
        ) from None
