"""What a generated population is made from: its size, seed, dates, share of dirt and volume of events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from contracts.errors import UsageError

BLOCK_SIZE = 2_000
"""Consumers a block. Fixed: a block draws from its own seed, so consumer i is the same whatever the size."""

MAX_CLIENTS = 250_000_000
"""All of Brazil fits; the largest fiscal region would run out of CPFs beyond it."""

MAX_DIRTY = 0.2
MAX_MONTHS = 120
DEFAULT_EVENTS = 60.0
_YEARS = range(1960, 2151)


@dataclass(frozen=True, slots=True)
class PopulationParameters:
    """Everything that decides a population's bytes.

    ``months`` calendar months of history end in the month of ``as_of``; ``dirty`` is the share of records
    in which a defect is planted; ``mean_events`` the mean number of Base C documents a consumer over
    36 months. UsageError names all that is out of range.
    """

    clients: int
    seed: int
    as_of: date
    months: int = 36
    dirty: float = 0.0
    mean_events: float = DEFAULT_EVENTS

    def __post_init__(self) -> None:
        checks = (
            (1 <= self.clients <= MAX_CLIENTS, f"clients must be between 1 and {MAX_CLIENTS}"),
            (0 <= self.seed < 2**63, "seed must be between 0 and 2**63 - 1"),
            (self.as_of.year in _YEARS, f"as_of must lie in the years {_YEARS[0]} to {_YEARS[-1]}"),
            (1 <= self.months <= MAX_MONTHS, f"months must be between 1 and {MAX_MONTHS}"),
            (0 <= self.dirty <= MAX_DIRTY, f"dirty must be between 0 and {MAX_DIRTY}"),
            (0 < self.mean_events <= 1_000, "mean_events must be above 0 and at most 1000"),
        )
        problems = [message for fine, message in checks if not fine]
        if problems:
            raise UsageError("; ".join(problems))

    @property
    def blocks(self) -> int:
        """Return how many blocks hold the consumers."""
        return -(-self.clients // BLOCK_SIZE)
