"""SIGTERM and a terminal that closes, as Ctrl-C, for commands that start servers: what they began is put away."""

from __future__ import annotations

import signal


def end_as_by_ctrl_c() -> None:
    """Let the signals that would end the process at once, and leave its servers, be heard as Ctrl-C.

    Prefect hears SIGTERM first while a flow runs, and hands it on. What is interrupted ends with exit code 130. Under
    `nohup` the terminal may go.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
