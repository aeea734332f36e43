"""How this process talks to Prefect: set before Prefect is first imported, from the engine's settings.

With a server (embedded, or PREFECT_API_URL) runs show in its UI; without one Prefect starts a temporary
server for the run, which takes 12-19 s on two cores and more than its default limit on a busy machine.
"""

from __future__ import annotations

import os

from contracts.settings import Settings

EPHEMERAL_STARTUP_SECONDS = 90
_FIXED = {
    "DASK_LOGGING__DISTRIBUTED": "warning",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": str(EPHEMERAL_STARTUP_SECONDS),
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}


def configure_prefect(settings: Settings) -> None:
    """Point Prefect at the server in force and at a private home (Matplotlib too); what the environment says stays."""
    home = settings.var.resolve() / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    for name, value in _FIXED.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("MPLCONFIGDIR", str((settings.var / "matplotlib").resolve()))
    os.environ.setdefault("PREFECT_HOME", str(home))
    if settings.prefect_api_url is not None:
        os.environ["PREFECT_API_URL"] = settings.prefect_api_url
