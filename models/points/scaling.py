"""The scale: integer points, linear in the log-odds of being good, and the probability that they stand for.

``points = base_points + pdo / ln 2 * ln(odds / base_odds)`` where ``odds`` are good:bad, so that ``pdo`` points
double the odds. The probability of default of a raw score is the inverse,
``p = 1 / (1 + base_odds * 2 ** ((score_bruto - base_points) / pdo))``.

The default, 600 points at 10:1 and 80 points to double the odds, lays the four bands where a population with a
default rate of 5-30% spreads over all of them: `muito_bom` below 4% of probability of default, `bom` 4-19%,
`regular` 19-57%, `baixo` above 57%.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from contracts.errors import DataIntegrityError

DEFAULT_BASE_POINTS = 600
DEFAULT_BASE_ODDS = 10.0
DEFAULT_PDO = 80.0
MIN_PROBABILITY = 1e-6
"""Published probabilities stay within ``[1e-6, 1 - 1e-6]``: no data supports a claim beyond one in a million."""

MAX_BASE_POINTS = 10_000
ODDS_LIMITS = (1e-3, 1e6)
PDO_LIMITS = (5.0, 500.0)


@dataclass(frozen=True, slots=True)
class ScoreScale:
    """Base points at base odds (good:bad), and the points that double the odds."""

    base_points: int = DEFAULT_BASE_POINTS
    base_odds: float = DEFAULT_BASE_ODDS
    pdo: float = DEFAULT_PDO

    def __post_init__(self) -> None:
        if type(self.base_points) is not int or abs(self.base_points) > MAX_BASE_POINTS:
            raise DataIntegrityError(f"scale: base points must be an integer within ±{MAX_BASE_POINTS}")
        for name, value, (low, high) in (("odds", self.base_odds, ODDS_LIMITS), ("pdo", self.pdo, PDO_LIMITS)):
            if not (math.isfinite(value) and low <= value <= high):
                raise DataIntegrityError(f"scale: {name} must lie in [{low}, {high}]")

    @property
    def factor(self) -> float:
        """Return the points that one unit of log-odds is worth."""
        return self.pdo / math.log(2)

    def points_of(self, log_odds_good: float) -> float:
        """Return the points, not rounded, of a log-odds of being good.

        >>> round(ScoreScale().points_of(math.log(20)))
        680
        """
        return self.base_points + self.factor * (log_odds_good - math.log(self.base_odds))

    def log_odds_of(self, raw_scores: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return the log-odds of being good that raw scores stand for: the inverse of ``points_of``."""
        return (raw_scores - self.base_points) / self.factor + math.log(self.base_odds)

    def probability(self, raw_scores: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """Return the probability of default of integer raw scores: never increasing with the score, in (0, 1).

        >>> [f"{p:.4f}" for p in ScoreScale().probability(np.array([300, 600, 700, 10**6]))]
        ['0.5736', '0.0909', '0.0403', '0.0000']
        """
        lowest, table = _probability_table(self)
        probability: npt.NDArray[np.float32] = table[np.clip(raw_scores, lowest, lowest + len(table) - 1) - lowest]
        return probability

    def probabilities_within(self, lowest: int, highest: int) -> tuple[int, npt.NDArray[np.float32]]:
        """Return the raw scores between two bounds that have probabilities of their own: the first, and each one's.

        A raw score before the first one has the first one's probability, one beyond the last the last one's.
        """
        start, table = _probability_table(self)
        first, last = (min(max(bound, start), start + len(table) - 1) for bound in (lowest, highest))
        return first, table[first - start : last - start + 1]


@lru_cache(maxsize=16)
def _probability_table(scale: ScoreScale) -> tuple[int, npt.NDArray[np.float32]]:
    """Return the first raw score and the probability of each integer from it on; both ends are saturated.

    A running minimum makes the table monotone whatever the platform's ``exp`` does in its last digit.
    """
    limit = math.log((1 - MIN_PROBABILITY) / MIN_PROBABILITY)
    lowest, highest = math.floor(scale.points_of(-limit)), math.ceil(scale.points_of(limit))
    steps = (score - scale.base_points for score in range(lowest, highest + 1))
    exact = np.array([1.0 / (1.0 + scale.base_odds * math.exp(step / scale.factor)) for step in steps])
    table = np.minimum.accumulate(np.clip(exact, MIN_PROBABILITY, 1 - MIN_PROBABILITY).astype(np.float32))
    table.flags.writeable = False
    return lowest, table
