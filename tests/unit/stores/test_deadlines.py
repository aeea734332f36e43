"""A call given a deadline returns, raises or is given up; it never hangs."""

import threading
import time

import pytest

from stores.deadlines import call_within


def test_an_error_of_the_call_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        call_within(5, lambda: 1 / 0)


def test_a_call_that_does_not_come_back_is_given_up_in_time() -> None:
    release, began = threading.Event(), time.monotonic()
    with pytest.raises(TimeoutError):
        call_within(0.1, release.wait)
    release.set()
    assert time.monotonic() - began < 2
