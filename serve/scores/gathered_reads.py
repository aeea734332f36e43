"""Reads of single items gathered into few queries: however many callers wait, the store sees a bounded number.

While a query is under way the next one's items collect; callers of the same item share its answer. So the
load on a store that stands in for a cache does not grow with the number of callers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from contracts.errors import StoreUnavailableError

T = TypeVar("T")
Read = Callable[[Sequence[str]], Awaitable[Sequence[T]]]

ITEMS_A_QUERY = 500
QUERIES_AT_ONCE = 2
MAX_WAITING = 10_000
"""Items that may wait; beyond it callers are told to come back later."""


class GatheredReads(Generic[T]):
    """Answers single reads out of queries of up to 500 items, two of them at once at most.

    ``read`` returns the answers of many items in order; its StoreUnavailableError reaches every caller concerned.
    """

    def __init__(self, read: Read[T]) -> None:
        self._read = read
        self._waiting: dict[str, asyncio.Future[T]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def get(self, item: str) -> T:
        """Return one item's answer; StoreUnavailableError if too many wait already."""
        future = self._waiting.get(item)
        if future is None:
            if len(self._waiting) >= MAX_WAITING:
                raise StoreUnavailableError("too many reads wait for the store")
            future = self._waiting[item] = asyncio.get_running_loop().create_future()
            self._start()
        return await asyncio.shield(future)

    def _start(self) -> None:
        if self._waiting and len(self._running) < QUERIES_AT_ONCE:
            task = asyncio.get_running_loop().create_task(self._query(), name="escore-gathered-reads")
            self._running.add(task)
            task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start()

    async def _query(self) -> None:
        items = list(self._waiting)[:ITEMS_A_QUERY]
        futures = [self._waiting.pop(item) for item in items]
        try:
            answers = await self._read(items)
        except Exception as error:  # noqa: BLE001 - raised in every caller that waits for it
            for future in futures:
                future.set_exception(error)
                future.exception()  # asked for, or asyncio logs the error of a caller that left as forgotten
            return
        for future, answer in zip(futures, answers, strict=True):
            future.set_result(answer)
