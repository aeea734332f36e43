"""A resource that its jobs share evenly: a store that many read at once, a core with two threads at work.

Fluid: with k jobs each gets ``capacity / k``, and never more than ``pace``, at every instant. All go equally fast, so
one number, how far everybody has come, tells when each of them ends.
"""

from __future__ import annotations

import heapq
from math import inf


class SharedResource:
    """Jobs (numbers) with amounts to be done, at a rate that depends on how many there are. Times are seconds."""

    def __init__(self, capacity: float = inf, pace: float = inf) -> None:
        self.capacity = capacity
        self.pace = pace
        self.version = 0
        self._done_each = 0.0
        self._since = 0.0
        self._ends: list[tuple[float, int]] = []
        self._active: set[int] = set()

    def add(self, now: float, job: int, amount: float) -> None:
        """Begin a job."""
        self._advance(now)
        self._active.add(job)
        heapq.heappush(self._ends, (self._done_each + amount, job))

    def remove(self, now: float, job: int) -> None:
        """Give a job up; what was done of it is lost."""
        self._advance(now)
        self._active.discard(job)

    def next_end(self) -> float:
        """Return when the next job ends if none comes or goes before; infinity without jobs."""
        self._forget_removed()
        if not self._ends:
            return inf
        return self._since + max(0.0, self._ends[0][0] - self._done_each) / self._rate()

    def end_next(self, now: float) -> int:
        """End the next job, at the time that ``next_end`` told, and return it."""
        self._advance(now)
        self._forget_removed()
        end, job = heapq.heappop(self._ends)
        self._done_each = max(self._done_each, end)
        self._active.discard(job)
        return job

    def _rate(self) -> float:
        return min(self.pace, self.capacity / len(self._active))

    def _advance(self, now: float) -> None:
        if self._active:
            self._done_each += (now - self._since) * self._rate()
        self._since = now
        self.version += 1

    def _forget_removed(self) -> None:
        while self._ends and self._ends[0][1] not in self._active:
            heapq.heappop(self._ends)
