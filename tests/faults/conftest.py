"""One house of stores, proxies and API for all tests here, with short limits, for quick faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.house import SHORT_TIMEOUTS, House, open_house


@pytest.fixture(scope="session")
def house(session_folder: Path) -> Iterator[House]:
    with open_house(session_folder, SHORT_TIMEOUTS) as house:
        yield house
