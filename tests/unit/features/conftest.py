"""Random lake tables, for tests that ask for them by fixture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.lake_samples import Rows, Tables, random_record, random_rows, to_tables


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., Rows]:
    return random_rows


@pytest.fixture(scope="session")
def make_record() -> Callable[..., dict[str, Any]]:
    return random_record


@pytest.fixture(scope="session")
def make_tables() -> Callable[[Rows], Tables]:
    return to_tables
