"""A circuit breaker: after failures in a row a store is asked no more, until one probe of our own succeeds.

No caller's request is ever the probe, so none waits for a store that is known to be out, and none but the
probe reaches a store that is just coming back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

LOGGER = logging.getLogger("escore.api")
FAILURES_TO_OPEN = 3
"""One failure may be a connection that had gone stale; three in a row are the store."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
"""Pauses between probes double from the first to the longest: the time a recovery may go unnoticed."""


class Breaker:
    """Counts a store's failures; ``probe`` says whether the store answers, within a bounded time.

    ``on_change`` is told True when the breaker opens and False when it closes.
    """

    def __init__(
        self, probe: Callable[[], Awaitable[bool]], *, store: str, on_change: Callable[[bool], None] | None = None
    ) -> None:
        self._store = store
        self._probe = probe
        self._on_change = on_change
        self._failures = 0
        self._prober: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Return whether the store is known to be out."""
        return self._prober is not None

    def succeed(self) -> None:
        """Count an answer."""
        self._failures = 0

    def fail(self, reason: str) -> None:
        """Count a failure; the last of a row opens the breaker. ``reason`` is logged: it holds nobody's values."""
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN and self._prober is None:
            self._prober = asyncio.get_running_loop().create_task(self._probe_until_it_answers(), name="escore-probe")
            LOGGER.warning("%s is out: %s", self._store, reason)
            self._report(is_open=True)

    async def close(self) -> None:
        """Stop probing."""
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.wait({self._prober})

    async def _probe_until_it_answers(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            if await self._has_answered():
                break
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        self._failures = 0
        self._prober = None
        LOGGER.info("%s answers again", self._store)
        self._report(is_open=False)

    async def _has_answered(self) -> bool:
        try:
            return await self._probe()
        except Exception:  # noqa: BLE001 - whatever a driver raised: without a prober the store would stay out for ever
            return False

    def _report(self, *, is_open: bool) -> None:
        if self._on_change is not None:
            self._on_change(is_open)
