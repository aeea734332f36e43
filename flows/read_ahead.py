"""A pipeline of two stages with back-pressure: the next item is read while the one before is worked on.

One item is read ahead and no more: the reading of an item begins when the item before it is taken. So two are
held at most, however slow the work is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Read = TypeVar("Read")


def read_ahead(read: Callable[[Item], Read], items: Iterable[Item]) -> Generator[Read, None, None]:
    """Yield what ``read`` returns for each item, in order, each read in a thread while the last one is worked on.

    What ``read`` raises is raised in its item's turn, and nothing is read after it. Closing it waits for
    the reading under way: whoever may stop early closes it before the connections it reads by.

    >>> list(read_ahead(len, ["a", "bb", "ccc"]))
    [1, 2, 3]
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        reading: list[Future[Read]] = []
        for item in items:
            if reading:
                done = reading.pop().result()
                reading.append(pool.submit(read, item))
                yield done
                del done
            else:
                reading.append(pool.submit(read, item))
        if reading:
            yield reading.pop().result()
