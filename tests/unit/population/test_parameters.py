"""Parameters out of range are refused, all of them together."""

from datetime import date

import pytest

from contracts.errors import UsageError
from population.parameters import PopulationParameters


def test_all_problems_are_named_together():
    with pytest.raises(UsageError) as caught:
        PopulationParameters(0, -1, date(2025, 6, 30), months=0, dirty=0.5, mean_events=0)
    for name in ("clients", "seed", "months", "dirty", "mean_events"):
        assert name in str(caught.value)


def test_blocks_cover_the_consumers():
    assert [PopulationParameters(n, 1, date(2025, 6, 30)).blocks for n in (1, 2_000, 2_001)] == [1, 1, 2]
