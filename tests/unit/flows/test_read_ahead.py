"""One item is read while the one before is worked on, never more, and errors come in their turn."""

import threading
from collections.abc import Iterator

import pytest

from flows.read_ahead import read_ahead

TIMEOUT = 10


def test_the_next_is_read_during_the_work_and_no_further_one():
    begun: list[int] = []
    second = threading.Event()

    def read(item: int) -> int:
        begun.append(item)
        if item == 1:
            second.set()
        return item

    stream = read_ahead(read, range(4))
    assert next(stream) == 0
    assert second.wait(TIMEOUT), "item 1 is read while item 0 is worked on"
    assert begun == [0, 1], "item 2 is not read before item 1 is taken"
    assert list(stream) == [1, 2, 3]
    assert begun == [0, 1, 2, 3]


def test_a_failure_comes_after_the_items_before_it_and_ends_the_reading():
    begun: list[int] = []

    def read(item: int) -> int:
        begun.append(item)
        if item == 1:
            raise ConnectionError("store")
        return item

    stream = read_ahead(read, range(4))
    assert next(stream) == 0
    with pytest.raises(ConnectionError):
        next(stream)
    assert begun == [0, 1]


def test_a_consumer_that_fails_leaves_no_thread_behind():
    def consume(stream: Iterator[int]) -> None:
        for _ in stream:
            raise ValueError("work")

    stream = read_ahead(int, ["1", "2", "3"])
    with pytest.raises(ValueError, match="work"):
        consume(stream)
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]


def test_nothing_to_read():
    assert list(read_ahead(len, [])) == []
