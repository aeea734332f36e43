"""One demonstration at a time in a folder: each begins by erasing what the one before left there."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.errors import UsageError

_LOCK = "demo.trava"


@contextmanager
def sole_demonstration(var: Path) -> Iterator[None]:
    """Hold the right to the demonstrations below a folder; UsageError, and nothing is touched, while another does.

    The lock (``flock``) ends with the process, whatever ends it.
    """
    var.mkdir(parents=True, exist_ok=True)
    with (var / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told = f"another demonstration is at work below {var.resolve()}, and would lose its stores"
            raise UsageError(f"{told}: let it end, or set SCORE_VAR to another folder") from None
        yield
