"""SIGTERM as Ctrl-C, for the commands that start servers: what they began is put away before they end."""

from __future__ import annotations

import signal


def end_on_sigterm() -> None:
    """Let SIGTERM, which would end the process at once and leave its servers, be heard as Ctrl-C.

    Prefect hears it first while a flow runs, and hands it on. What it interrupts ends with exit code 130.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
