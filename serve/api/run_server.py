"""The process that serves the API: uvicorn, without its access log, whose lines hold paths (hence CPFs)."""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import uvicorn

from contracts.errors import UsageError
from contracts.settings import Settings
from serve.app import create_app

SHUTDOWN_SECONDS = 10
BACKLOG = 2048
"""Connections that the system holds until they are taken up; uvicorn's own default."""

LOGGER = logging.getLogger("uvicorn.error")
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve all three systems until told to stop; SettingsError before anything is opened.

    The address is taken before the application starts: UsageError if it cannot be had.
    """
    config = server_config(settings, host=host, port=port)
    Server(config).run(sockets=open_sockets(host, port))


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen on every address of a host, on one port (0: a free one); else UsageError."""
    opened: list[socket.socket] = []
    failures: list[OSError] = []
    for family, address in _addresses(host, port):
        taken = opened[0].getsockname()[1] if opened else port
        try:
            opened.append(_listen(family, (address, taken)))
        except OSError as error:
            failures.append(error)
    serious = [error for error in failures if not opened or error.errno not in _NO_SUCH_ADDRESS]
    if serious:
        for listener in opened:
            listener.close()
        raise UsageError(f"cannot listen on {host}, port {port}: {os.strerror(serious[0].errno or 0)}")
    return opened


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"cannot listen on {host}, port {port}: no such host") from None
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _listen(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class Server(uvicorn.Server):
    """uvicorn on sockets that are open already; it says where once it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then log the address."""
        await super().startup(sockets)
        _log_addresses(sockets or [])


def _log_addresses(sockets: Sequence[socket.socket]) -> None:
    for listener in sockets:
        host, port = listener.getsockname()[:2]
        LOGGER.info(
            "Uvicorn running on http://%s:%d (Press CTRL+C to quit)", f"[{host}]" if ":" in host else host, port
        )


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
