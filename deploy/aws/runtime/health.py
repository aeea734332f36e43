"""Whether a container is well: ``python health.py http://127.0.0.1:4200/api/health``, or ``tcp://host:port``."""

from __future__ import annotations

import socket
import sys
import urllib.request
from urllib.parse import urlsplit

SECONDS = 4


def is_well(url: str) -> bool:
    """Return whether an address answers: over HTTP with 200, over TCP at all."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "tcp":
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=SECONDS):
                return True
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - the address is the task's own
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_well(sys.argv[1]) else 1)
