"""A lane keeps order, holds back a caller that is too far ahead, and hides no failure."""

from __future__ import annotations

import threading

import pytest

from serve.publishing.lanes import Lane

PATIENCE = 20.0


def test_calls_run_in_order_and_are_done_when_drained():
    done: list[int] = []
    with Lane("test", ahead=3) as lane:
        for number in range(50):
            lane.submit(done.append, number)
        lane.drain()
        assert done == list(range(50))


def test_the_caller_waits_when_it_is_too_far_ahead():
    may_end, third_is_in = threading.Event(), threading.Event()

    def submit_three() -> None:
        with Lane("test", ahead=2) as lane:
            for _ in range(3):
                lane.submit(lambda: may_end.wait(PATIENCE) and None)
            third_is_in.set()

    caller = threading.Thread(target=submit_three)
    caller.start()
    assert not third_is_in.wait(0.2)
    may_end.set()
    assert third_is_in.wait(PATIENCE)
    caller.join(PATIENCE)


def fail() -> None:
    raise ValueError("broken")


def test_a_failure_reaches_the_caller_and_what_waits_is_dropped():
    done: list[int] = []
    ready = threading.Event()

    def fail_later() -> None:
        ready.wait(PATIENCE)
        fail()

    def use() -> None:
        with Lane("test", ahead=10) as lane:
            lane.submit(fail_later)
            ready.set()
            for number in range(100_000):
                lane.submit(done.append, number)

    with pytest.raises(ValueError, match="broken"):
        use()
    assert done == sorted(done)
    assert len(done) < 100_000


def test_draining_raises_what_a_call_raised():
    with Lane("test", ahead=10) as lane:
        lane.submit(fail)
        with pytest.raises(ValueError, match="broken"):
            lane.drain()
