"""The scene of one block: whom its records are drawn for, what drives them, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from population.consumers import Consumers
from population.default_probability import DebtRates
from population.latent import LatentRisk
from population.months import MonthGrid

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Scene:
    """A block's consumers, their hidden risk and debt rates, and the calendar.

    ``active`` (n, months) are the months in which a consumer leaves records; ``volume`` scales the number
    of Base C events.
    """

    seed: int
    block: int
    grid: MonthGrid
    consumers: Consumers
    risk: LatentRisk
    rates: DebtRates
    active: BoolArray
    volume: float

    @property
    def eventful(self) -> BoolArray:
        """Return the months in which Base C may hold events: active, and in the period itself."""
        in_period = np.arange(self.grid.count) >= self.grid.first
        return np.asarray(self.active & in_period, dtype=bool)
