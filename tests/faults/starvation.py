"""How long a process was ready to run and did not, for the machine was busy: what its lateness is forgiven.

From Linux's ``/proc/PID/schedstat``: a process that waits for a store is not ready to run, so a store's fault
never shows here. Without that file nothing is forgiven.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from pathlib import Path

NANOSECOND = 1e-9


class Starvation:
    """Samples of one process's main thread, taken by whoever calls `sample` often."""

    def __init__(self, pid: int) -> None:
        self._file = Path(f"/proc/{pid}/schedstat")
        self._moments: list[float] = []
        self._waits: list[float] = []

    def sample(self) -> None:
        """Note how long the process has waited for a processor so far."""
        try:
            waited = int(self._file.read_text().split()[1]) * NANOSECOND
        except (OSError, IndexError):
            return
        self._waits.append(waited)
        self._moments.append(time.monotonic())

    def between(self, began: float, ended: float) -> float:
        """Return the seconds of waiting between two moments, from the samples around them."""
        first = max(0, bisect_right(self._moments, began) - 1)
        last = min(len(self._moments) - 1, bisect_left(self._moments, ended))
        return self._waits[last] - self._waits[first] if last > first else 0.0
