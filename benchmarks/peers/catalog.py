"""The peers and ourselves: how each is served, one process each, as its users serve it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.installation import Installation
from benchmarks.peers.server_process import ServerProcess, python_module

UVICORN_QUIET = ("--ws", "none", "--no-access-log", "--no-server-header", "--no-proxy-headers")
UVICORN = ("--loop", "uvloop", "--http", "httptools", *UVICORN_QUIET)
"""What `escore serve` runs on, but for its own protocol class."""

GTHREAD = ("--worker-class", "gthread", "--threads", "4", "--keep-alive", "5")
SCORE_PATH = "/clientes/{}/score"
UNLIMITED = "1000000000"


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to read a score over HTTP; ``path`` holds the consumer's id as ``{}``."""

    name: str
    command: tuple[str, ...] = ()
    path: str = SCORE_PATH
    group: str = ""

    def process(self, installation: Installation, folder: Path) -> ServerProcess:
        """Return its process, not started."""
        environment = peer_environment(installation)
        return ServerProcess(self.name, python_module(*self.command), environment, log=folder / f"{self.name}.log")


def _gunicorn(application: str, *options: str) -> tuple[str, ...]:
    return ("gunicorn", f"benchmarks.peers.{application}:app", "--bind", "127.0.0.1:{port}", "--workers", "1", *options)


def _uvicorn(application: str) -> tuple[str, ...]:
    return ("uvicorn", f"benchmarks.peers.{application}:app", "--port", "{port}", *UVICORN)


PEERS = (
    Peer("starlette-get", _uvicorn("starlette_get"), group="starlette"),
    Peer("fastapi-usual", _uvicorn("fastapi_usual"), group="fastapi"),
    Peer("drf-sync", _gunicorn("drf_view"), group="drf"),
    Peer("drf-gthread", _gunicorn("drf_view", *GTHREAD), group="drf"),
    Peer("drf-texto-sync", _gunicorn("drf_view"), "/clientes/{}/score-texto", group="drf"),
    Peer("drf-texto-gthread", _gunicorn("drf_view", *GTHREAD), "/clientes/{}/score-texto", group="drf"),
    Peer("flask-sync", _gunicorn("flask_view"), group="flask"),
    Peer("flask-gthread", _gunicorn("flask_view", *GTHREAD), group="flask"),
)


def our_process(installation: Installation, folder: Path, *, options: Mapping[str, str] | None = None) -> ServerProcess:
    """Return `escore serve`, not started, with everything on and limits that nobody reaches.

    Its log (a line a request) goes to a file.
    """
    environment = {**our_environment(installation), **(options or {})}
    command = python_module("flows.cli", "serve", "--port", "{port}")
    return ServerProcess("escore", command, environment, log=folder / "escore.log")


def our_environment(installation: Installation) -> dict[str, str]:
    """Return the settings by which our server finds its stores and lets every request of a benchmark through."""
    return {
        "SCORE_VAR": str(installation.settings.var),
        "SCORE_RATE_LIMIT_PER_SECOND": UNLIMITED,
        "SCORE_RATE_LIMIT_BURST": UNLIMITED,
        "SCORE_DAILY_QUOTA": UNLIMITED,
    }


def peer_environment(installation: Installation) -> dict[str, str]:
    """Return where the peers find their keys, and the secret of the tokens."""
    return {
        "PARES_REDIS_URL": installation.peers_redis_url,
        "PARES_JWT_SECRET": installation.settings.secret("jwt_secret"),
    }
