"""One wait for the disk for all the requests that wait: they join the round that has not begun yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from serve.auditing.segment import LiveSegment

LONGEST_WAIT_SECONDS = 2.0
"""A disk that does not answer by then counts as gone: the request is refused, and not left hanging."""


class GroupSync:
    """Brings segments to the disk in one thread, a round at a time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="escore-audit-sync")
        self._segments: set[LiveSegment] = set()
        self._coming: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None

    async def wait(self, segment: LiveSegment) -> None:
        """Return when the disk holds what was appended to a segment before; OSError or TimeoutError if it may not."""
        if segment not in self._segments:
            segment.hold()
            self._segments.add(segment)
        if self._coming is None:
            self._coming = asyncio.create_task(self._run_after(self._running))
            self._coming.add_done_callback(_take_exception)
        await asyncio.wait_for(asyncio.shield(self._coming), LONGEST_WAIT_SECONDS)

    async def close(self) -> None:
        """End the rounds under way, within the longest wait."""
        under_way = {task for task in (self._running, self._coming) if task is not None}
        if under_way:
            await asyncio.wait(under_way, timeout=LONGEST_WAIT_SECONDS)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run_after(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        segments, self._segments = self._segments, set()
        self._running, self._coming = self._coming, None
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, _sync_all, segments)
        finally:
            for segment in segments:
                segment.let_go()


def _sync_all(segments: Iterable[LiveSegment]) -> None:
    for segment in segments:
        segment.sync()


def _take_exception(task: asyncio.Task[None]) -> None:
    """Ask for the exception, or asyncio logs a round that nobody waits for any more as forgotten."""
    if not task.cancelled():
        task.exception()
