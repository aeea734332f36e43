"""The small framed application as a process of its own, started and stopped as the API is.

The processes are forked from one that has imported everything: they start in milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path

import httpx

from serve.api.limits import Limits
from serve.api.listeners import open_sockets
from serve.api.log_lines import withhold_values
from serve.api.server import Server, ServerConfig
from tests.frame_app import frame_app

_SECONDS = 30


class FrameProcess:
    """One process that serves ``tests.frame_app``; its standard error goes to a file."""

    def __init__(self, log: Path, *, port: int, drain_seconds: float, reuse_port: bool = False) -> None:
        self.log = log
        self.url = f"http://127.0.0.1:{port}"
        log.touch()
        context: ForkServerContext = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._process = context.Process(target=_serve, args=(str(log), port, drain_seconds, reuse_port))
        self._process.start()

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while not self._answers():
            assert self._process.is_alive(), self.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def send(self, sign: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, sign)

    def wait(self) -> int | None:
        """Return the exit code, None if it does not end in time."""
        self._process.join(_SECONDS)
        return self._process.exitcode

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int | None:
        """Send a signal and return the exit code."""
        self.send(sign)
        return self.wait()

    def kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/saude/vivo").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def frame_process(log: Path, *, drain_seconds: float = 0.0) -> Iterator[FrameProcess]:
    """Start a process and yield it once it answers; end it if the test did not."""
    (listener,) = open_sockets("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    started = FrameProcess(log, port=port, drain_seconds=drain_seconds)
    try:
        started.wait_until_it_answers()
        yield started
    finally:
        started.kill()


def _serve(log: str, port: int, drain_seconds: float, reuse_port: bool) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 2)
    config = ServerConfig(frame_app(), limits=Limits(head_seconds=1, body_seconds=1))
    withhold_values()
    server = Server(config, drain_seconds=drain_seconds)
    server.run(sockets=open_sockets("127.0.0.1", port, reuse_port=reuse_port))
    os.write(2, b'{"mensagem":"hooks have run, exit"}\n')
