"""uvicorn's server as the API runs: our protocol, its limits, and an end that loses no request.

On SIGTERM it goes on serving for ``drain_seconds``, says that it is ending (``/saude/pronto`` 503, every answer with
``Connection: close``), then takes no more connections, answers what was asked, and ends. SIGINT, or a second
SIGTERM, does the same without the wait; a second SIGINT ends at once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import time
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from serve.api.draining import DRAINING, SETTLE_SECONDS, stop_handshakes
from serve.api.limits import Limits
from serve.api.line_writer import STANDARD_ERROR
from serve.api.log_lines import LogFormat, log_config, on_loop_fault
from serve.api.protocol import BoundedProtocol

LOGGER = logging.getLogger("uvicorn.error")
SHUTDOWN_SECONDS = 10
"""How long requests under way may take once no more are taken; then they are answered 503."""
CHECK_SECONDS = 0.1
YOUNG_OBJECTS = 20_000
"""New objects before the collector looks at them: a thousand scores make some 12,000, all gone when answered."""


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration as the API runs: our protocol, no WebSockets, no access log, nothing said of itself."""

    def __init__(
        self, app: ASGIApp, *, limits: Limits, log_format: LogFormat = "json", lines_in_blocks: bool = True
    ) -> None:
        super().__init__(
            app,
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_config=log_config(log_format),
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        self.limits = limits
        self.lines_in_blocks = lines_in_blocks


class Server(uvicorn.Server):
    """uvicorn's server on sockets that are open already; it bounds its connections' times, and ends in order."""

    def __init__(self, config: ServerConfig, *, drain_seconds: float = 0.0) -> None:
        super().__init__(config)
        self._lines: AbstractContextManager[None] = (
            STANDARD_ERROR.buffered() if config.lines_in_blocks else nullcontext()
        )
        self._drain_seconds = drain_seconds
        self._drained_at: float | None = None
        self._checks: asyncio.Task[None] | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop."""
        with self._lines:
            await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then say where it answers."""
        asyncio.get_running_loop().set_exception_handler(on_loop_fault)
        await super().startup(sockets)
        keep_what_started()
        self._checks = asyncio.create_task(self._check_connections())
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            address = f"[{host}]" if ":" in host else host
            LOGGER.info("Uvicorn running on http://%s:%d (Press CTRL+C to quit)", address, port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Begin to end; the process then ends by itself, with exit code 0."""
        if sig == signal.SIGINT and self.should_exit:
            self.force_exit = True
        elif sig == signal.SIGINT or self._drained_at is not None or not self._drain_seconds:
            self.should_exit = True
        else:
            self._drained_at = time.monotonic() + self._drain_seconds
            self._announce_end()

    async def on_tick(self, counter: int) -> bool:
        """Return whether it is time to take no more connections."""
        is_over = await super().on_tick(counter)
        return is_over or (self._drained_at is not None and time.monotonic() >= self._drained_at)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, answer what was asked on those there are, then close the application."""
        self._announce_end()
        stop_handshakes(sockets or [])
        await asyncio.sleep(SETTLE_SECONDS)
        await super().shutdown(sockets)
        if self._checks is not None:
            self._checks.cancel()

    def _announce_end(self) -> None:
        if self.started:
            self.lifespan.state[DRAINING] = True

    async def _check_connections(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            now = loop.time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol):
                    _check(connection, now)


def keep_what_started() -> None:
    """Leave what has been made so far out of the garbage collector's rounds: it lives as long as the process.

    A full round over all the modules holds every request up for some 90 ms; over what came since, for a few.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


def _check(connection: BoundedProtocol, now: float) -> None:
    try:
        connection.check(now)
    except Exception:
        LOGGER.exception("a connection's times could not be checked; it is reset")
        connection.transport.abort()
