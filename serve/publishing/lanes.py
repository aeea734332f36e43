"""Work done in order by one thread beside the caller's, which waits when it is too far ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self


class Lane:
    """One thread; at most ``ahead`` calls wait for it or are in work. What a call raises, the caller gets later.

    Leaving the block waits for the call in work; after an error those that have not begun are dropped.
    """

    def __init__(self, name: str, *, ahead: int) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._ahead = ahead
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_where: object) -> None:
        self._executor.shutdown(cancel_futures=error is not None)

    def submit(self, call: Callable[..., None], *arguments: Any) -> None:
        """Hand a call over, once fewer than ``ahead`` are pending; raise what an earlier one raised."""
        while self._pending and (len(self._pending) >= self._ahead or self._pending[0].done()):
            self._pending.popleft().result()
        self._pending.append(self._executor.submit(call, *arguments))

    def drain(self) -> None:
        """Wait until every call is done; raise what the first that failed raised."""
        while self._pending:
            self._pending.popleft().result()
