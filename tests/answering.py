"""Programs that serve: a port for one, and the wait until it answers."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import httpx

SECONDS = 90


def free_port() -> int:
    """Return a port of this machine that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_answering(client: httpx.Client, path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once a program answers a path, whatever it says; fail with its log if it ends or takes too long."""
    deadline = time.monotonic() + SECONDS
    while True:
        assert process.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < deadline
        try:
            client.get(path)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
