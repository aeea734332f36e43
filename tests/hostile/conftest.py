"""The stores of a module's own installation, as extraction reads them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.settings import Settings
from extract.sources import Sources
from tests.extract_samples import sources_of


@pytest.fixture
def sources(settings: Settings) -> Iterator[Sources]:
    with sources_of(settings) as opened:
        yield opened
