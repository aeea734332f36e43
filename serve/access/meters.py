"""How much a consulente may, and a meter of it in this process for as long as Redis is out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

MICROSECOND = 1_000_000
MAX_METERS = 10_000
"""Consulentes whose meter a process keeps."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What each consulente may: requests a second, requests at once, persons a day (0: any number)."""

    per_second: float
    burst: int
    daily_quota: int = 0

    @property
    def interval(self) -> int:
        """Return the microseconds between requests at a steady rate."""
        return max(1, round(MICROSECOND / self.per_second))

    def policy(self) -> str:
        """Return the limits as the field RateLimit-Policy states them."""
        requests = f'"requisicoes";q={self.burst};w={ceil(self.burst * self.interval / MICROSECOND)}'
        return requests + (f', "pessoas";q={self.daily_quota};w=86400' if self.daily_quota else "")


class LocalMeters:
    """GCRA in this process's memory, for as many names as fit; times in microseconds."""

    def __init__(
        self, interval: int, burst: int, *, clock: Callable[[], int] = lambda: time.monotonic_ns() // 1000
    ) -> None:
        self._interval = interval
        self._window = burst * interval
        self._clock = clock
        self._full_at: dict[bytes, int] = {}

    def wait(self, name: bytes, requests: int) -> int:
        """Return 0 and count the requests if they are allowed, else how long to wait."""
        now = self._clock()
        full_at = max(now, self._full_at.get(name, now)) + requests * self._interval
        if full_at - self._window > now:
            return full_at - self._window - now
        if len(self._full_at) >= MAX_METERS:
            self._forget(now)
        self._full_at[name] = full_at
        return 0

    def _forget(self, now: int) -> None:
        """Drop the meters that are empty again, or all if that is not enough."""
        self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}
        if len(self._full_at) >= MAX_METERS:
            self._full_at.clear()
