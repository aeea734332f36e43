"""Asks a serving process of this machine how it is: ``python -m serve.api.probe [--port 8080] [--ready]``.

``--path`` asks another program of the image, Prefect's server (``/api/health``) or Dask's scheduler (``/health``).
Exit code 0 if it answers 200, else 1. Standard library alone: asked every few seconds, it must cost next to nothing.
"""

from __future__ import annotations

import argparse
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

HOST = "127.0.0.1"
SECONDS = 4.0
"""Less than orchestrators wait for the probe itself."""


def is_well(path: str, port: int, *, seconds: float = SECONDS) -> bool:
    """Return whether a path of the process on that port answers 200 in time."""
    connection = HTTPConnection(HOST, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def main() -> None:
    """Ask once, and exit with the answer."""
    parser = argparse.ArgumentParser(prog="python -m serve.api.probe", description="Ask whether the API is well.")
    parser.add_argument("--port", type=int, default=8080)
    path = parser.add_mutually_exclusive_group()
    path.add_argument("--path", default="/saude/vivo", help="what to ask; default: whether the process lives")
    path.add_argument(
        "--ready", dest="path", action="store_const", const="/saude/pronto", help="ask whether its stores answer too"
    )
    given = parser.parse_args()
    sys.exit(0 if is_well(given.path, given.port) else 1)


if __name__ == "__main__":
    main()
