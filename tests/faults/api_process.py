"""The joined application as it runs in earnest: a process of its own, settings in its environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

from contracts.settings import Settings
from stores.embedded.processes import free_port

STORES = ("base_a", "base_b", "base_c", "results", "redis")
START_SECONDS = 30.0
END_SECONDS = 25.0
_PROGRAM = """
import os, sys, threading
from contracts.settings import load_settings
from serve.api.run_server import serve
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
serve(load_settings(), port=int(sys.argv[1]))
"""
"""The server, which ends at once when the test that holds its standard input does, however that ended."""


def environment_of(settings: Settings, urls: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables that lead a process to an installation, or to the given URLs; nobody is limited in them."""
    chosen = urls or {store: settings.secret(f"{store}_url") for store in STORES}
    return {
        **{f"SCORE_{store.upper()}_URL": url for store, url in chosen.items()},
        "SCORE_VAR": str(settings.var),
        "SCORE_CACHE_KEY": settings.secret("cache_key"),
        "SCORE_JWT_SECRET": settings.secret("jwt_secret"),
        "SCORE_RATE_LIMIT_PER_SECOND": "100000",
        "SCORE_RATE_LIMIT_BURST": "100000",
        "SCORE_DRAIN_SECONDS": "0.2",
    }


class ApiProcess:
    """One process of the API; its log goes to a file in ``folder``."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.log = folder / "api.log"

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> psutil.Process:
        """Return the process."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def start(self) -> None:
        """Start the process and return once it answers."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("SCORE_")}
        root = Path(__file__).resolve().parents[2]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(self.port)],
                cwd=self._folder,
                env={**own, **self._environment, "PYTHONPATH": str(root)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_alive():
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, "the API does not start"
            time.sleep(0.05)

    def stop(self) -> int:
        """End the process as an orchestrator does, with SIGTERM, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(END_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process with SIGKILL, if it has been started and lives."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def _is_alive(self) -> bool:
        try:
            return httpx.get(f"{self.url}/saude/vivo", timeout=2).status_code == 200
        except httpx.TransportError:
            return False
