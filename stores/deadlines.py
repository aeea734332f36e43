"""A call that must come back: runs it in a daemon thread and gives up after a time limit.

Drivers keep most promises about time limits, but not all: oracledb's ``connect`` waits for ever on a peer
that accepts and says nothing. A thread that is given up stays behind until its call ends; being a daemon
it never keeps the process alive.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """Return what ``call`` returns, or raise what it raises; TimeoutError after ``seconds``.

    >>> call_within(5, lambda: 1 + 1)
    2
    """
    outcomes: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcomes.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread and raised there
            outcomes.put((None, error))

    threading.Thread(target=run, daemon=True, name="escore-deadline").start()
    try:
        value, error = outcomes.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]
