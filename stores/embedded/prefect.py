"""A local Prefect server, whose pages show the runs; with a home of its own and without telemetry."""

from __future__ import annotations

import http.client
import os
import sys
from typing import ClassVar

import psutil

from stores.embedded.processes import find_processes, free_port, start_detached
from stores.embedded.server import HOST, LOG_NAME, EmbeddedServer
from stores.embedded.state import ServerRecord


class PrefectServer(EmbeddedServer):
    """Runs `prefect server start`; its database is an SQLite file in its own home."""

    name: ClassVar[str] = "prefect"

    def find(self, record: ServerRecord) -> list[psutil.Process]:  # noqa: ARG002 - its folder is always the same
        """Return the servers that work in our folder: their command line does not name it."""
        return find_processes("python", "-m prefect server start", folder=self.folder)

    def launch(self, record: ServerRecord) -> ServerRecord:
        """Start the server; it answers after some seconds."""
        port = free_port(record.port)
        process = start_detached(
            [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)],
            log=self.folder / LOG_NAME,
            mark=f"--port {port}",
            environment=self._environment(port),
        )
        return record.with_changes(process=process, port=port)

    def is_ready(self, record: ServerRecord) -> bool:
        """Return whether `/api/health` answers 200."""
        connection = http.client.HTTPConnection(HOST, record.port, timeout=2)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def settings(self, record: ServerRecord) -> dict[str, str]:
        """Return the API's URL."""
        return {"prefect_api_url": f"http://{HOST}:{record.port}/api"}

    def _environment(self, port: int) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SCORE_", "PYTHON"))
        }
        own = {
            "PREFECT_HOME": str(self.folder),
            "PREFECT_PROFILES_PATH": str(self.folder / "profiles.toml"),
            "PREFECT_UI_API_URL": f"http://{HOST}:{port}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        return kept | own
