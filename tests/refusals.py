"""What is said of a store that cannot be reached: in time, by the store's name, and with nothing of the login."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from contracts.errors import StoreUnavailableError


def refusal_of(read: Callable[[str], object], url: str, *, within: float, begins: tuple[str, ...] = ("",)) -> str:
    """Return the error's text; it comes within so many seconds, begins as given, and tells no password or user."""
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError) as error:
        read(url)
    assert time.monotonic() - began < within
    said, login = str(error.value), urlsplit(url)
    assert not any(secret and secret in said for secret in (login.password, login.username))
    assert said.startswith(begins)
    return said
