"""One house, and the truth about it, for all trials of a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run_faults.trial import Court, open_court


@pytest.fixture(scope="session")
def court(session_folder: Path, prefect_api: str) -> Iterator[Court]:
    with open_court(session_folder, prefect_api) as court:
        yield court
