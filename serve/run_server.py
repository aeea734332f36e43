"""The process that serves the API: uvicorn, without its access log, whose lines hold paths (hence CPFs)."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

import uvicorn

from contracts.settings import Settings
from serve.app import create_app

SHUTDOWN_SECONDS = 10


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve all three systems until told to stop; SettingsError before anything is opened."""
    uvicorn.Server(server_config(settings, host=host, port=port)).run()


def server_config(settings: Settings, *, host: str, port: int) -> uvicorn.Config:
    """Return the server's configuration."""
    return uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_config=LOG_CONFIG,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


class WithoutValues(logging.Formatter):
    """Formats a traceback as places in the code alone: an exception's text may hold what a caller sent."""

    def formatException(  # noqa: N802 - the name is logging's
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Return the exception's class and the lines it came through."""
        kind, _, traceback = ei
        lines = [f"{kind.__name__ if kind else 'exception'} (text withheld)"]
        while traceback is not None:
            code = traceback.tb_frame.f_code
            lines.append(f"  {code.co_filename}:{traceback.tb_lineno} in {code.co_name}")
            traceback = traceback.tb_next
        return "\n".join(lines)


LOG_CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"linha": {"()": WithoutValues, "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"saida": {"class": "logging.StreamHandler", "formatter": "linha"}},
    "loggers": {
        "uvicorn": {"handlers": ["saida"], "level": "INFO", "propagate": False},
        "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
        "pymongo": {"level": "WARNING"},
        "escore": {"handlers": ["saida"], "level": "INFO", "propagate": False},
    },
}
"""Silent, whatever the level asked for: uvicorn's access log and pymongo's command log, whose lines hold CPFs."""
