"""Judged rows: what a model said of consumers and what became of them, ready to be counted.

Enters one row a consumer and date: outcome, unclipped score, its probability, and groups that are read only to
measure. Nothing else of a consumer is here, and no figure made of it names one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.errors import DataIntegrityError
from models.validation.evaluate import Counts, Flags, Floats, Integers, counts_of

Days: TypeAlias = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """Arrays of one length: reference date, consumer, outcome, ``score_bruto`` and probability of default.

    There is at least one row. ``consumer`` is any number that the consumer's rows share. ``groups`` holds texts,
    null where unknown (sex, age group). A score has one probability, and a higher score never a higher one;
    DataIntegrityError otherwise.
    """

    as_of: Days
    consumer: Integers
    is_bad: Flags
    raw_score: Integers
    probability: Floats
    groups: Mapping[str, pa.Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            raise DataIntegrityError("judged rows: " + "; ".join(problems))

    def __len__(self) -> int:
        return len(self.is_bad)

    @property
    def consumers(self) -> int:
        """Return the number of different consumers."""
        return len(np.unique(self.consumer))

    @cached_property
    def _placed(self) -> tuple[Integers, Integers, Integers]:
        return np.unique(self.raw_score, return_index=True, return_inverse=True)

    @property
    def scores(self) -> Integers:
        """Return the different unclipped scores, lowest first."""
        return self._placed[0]

    @property
    def place(self) -> Integers:
        """Return each row's place among ``scores``."""
        return self._placed[2]

    @property
    def score_probability(self) -> Floats:
        """Return the probability of each of ``scores``."""
        return self.probability[self._placed[1]]

    @cached_property
    def counts(self) -> Counts:
        """Return good and bad rows of each of ``scores``: shape ``(scores, 2)``."""
        return counts_of(self.place, self.is_bad, len(self.scores))

    @cached_property
    def months(self) -> tuple[Days, Integers]:
        """Return the different reference dates, oldest first, and each row's place among them."""
        dates, place = np.unique(self.as_of, return_inverse=True)
        return dates, place

    def cells(self, group: Integers | None = None) -> Integers:
        """Return each row's cell of (group, score, outcome), the outcome varying fastest."""
        place = self.place if group is None else group * len(self.scores) + self.place
        return 2 * place + self.is_bad


def _problems(rows: JudgedRows) -> list[str]:
    columns: dict[str, Any] = {
        name: getattr(rows, name) for name in ("as_of", "consumer", "is_bad", "raw_score", "probability")
    }
    lengths = {len(values) for values in (*columns.values(), *rows.groups.values())}
    if len(lengths) != 1:
        return [f"columns of {', '.join(map(str, sorted(lengths)))} rows"]
    if not len(rows):
        return ["no row to judge by"]
    kinds = {"as_of": "M", "consumer": "iu", "is_bad": "b", "raw_score": "iu", "probability": "f"}
    problems = [
        f"{name} is {columns[name].dtype}" for name, kind in kinds.items() if columns[name].dtype.kind not in kind
    ]
    if problems:
        return problems
    p = rows.probability
    if not ((p > 0) & (p < 1)).all():
        return ["probabilities must lie strictly between 0 and 1"]
    if (rows.score_probability[rows.place] != p).any() or (np.diff(rows.score_probability) > 0).any():
        return ["a score must have one probability, never higher for a higher score"]
    return []
