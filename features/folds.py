"""Folds a consumer's rows into one value each: counts, exact sums, extremes, distinct values, over runs of equal owners.

Rows are sorted by owner (0 to n - 1), so that a consumer's rows are a slice: no hash table, and no order of adding
that could matter, for all is integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.kernels import Evaluation
from features.syntax import Fold, Node

Integers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Runs:
    """The rows that count, as runs: each of one ``owner``, from ``start`` to ``end``, both inclusive, in ``rows``."""

    rows: Integers | slice
    owners: Integers
    starts: Integers
    ends: Integers

    @property
    def lengths(self) -> Integers:
        """Return how many rows each run has."""
        return self.ends - self.starts + 1


def find_runs(owners: Integers, rows: Integers | slice = slice(None)) -> Runs:
    """Return the runs of equal owners among some rows (ascending), or all."""
    chosen = owners[rows]
    if not len(chosen):
        return Runs(rows, chosen, chosen, chosen)
    borders = np.flatnonzero(chosen[1:] != chosen[:-1])
    starts, ends = np.append(0, borders + 1), np.append(borders, len(chosen) - 1)
    return Runs(rows, chosen[starts], starts, ends)


class OwnedRows:
    """The rows of one family that count as of a date, sorted by owner, with the values of their expressions."""

    def __init__(self, evaluation: Evaluation, owners: Integers, consumers: int) -> None:
        self._evaluation, self._owners, self._consumers = evaluation, owners, consumers
        self._runs: dict[Node | None, Runs] = {None: find_runs(owners)}
        self.absent: Truths = np.ones(consumers, np.bool_)
        self.absent[self._runs[None].owners] = False

    def fold(self, fold: Fold) -> pa.Array:
        """Return one integer a consumer; null without rows, or where an extreme has none to choose from.

        Raises
        ------
        pa.ArrowInvalid
            A sum may not fit 64 bits.
        """
        values = None if fold.value is None else self._evaluation.array(fold.value)
        runs = self._chosen_runs(fold.condition, values)
        found = np.zeros(self._consumers, np.int64)
        found[runs.owners] = _folded(fold, values, runs)
        if fold.function == "count" or fold.zero:
            return pa.array(found, mask=self.absent)
        missing = np.ones(self._consumers, np.bool_)
        missing[runs.owners] = False
        return pa.array(found, mask=missing)

    def _chosen_runs(self, condition: Node | None, values: pa.Array | None) -> Runs:
        """Return the runs of the rows that meet a condition and have a value."""
        if values is not None and values.null_count:
            mask = pc.is_valid(values)
            if condition is not None:
                mask = pc.and_(mask, self._evaluation.mask(condition))
            return find_runs(self._owners, _places(mask))
        if condition not in self._runs:
            assert condition is not None
            self._runs[condition] = find_runs(self._owners, _places(self._evaluation.mask(condition)))
        return self._runs[condition]


def _places(mask: pa.Array) -> Integers:
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False))


def _folded(fold: Fold, values: pa.Array | None, runs: Runs) -> Integers:
    """Return one value a run."""
    if values is None or not len(runs.owners):
        return runs.lengths
    if fold.distinct:
        return _count_distinct(values, runs)
    if fold.function == "count":
        return runs.lengths
    numbers = _numbers(values)[runs.rows]
    match fold.function:
        case "sum":
            return _exact_sums(numbers, runs)
        case "min":
            return np.minimum.reduceat(numbers, runs.starts)
        case _:
            return np.maximum.reduceat(numbers, runs.starts)


def _numbers(values: pa.Array) -> npt.NDArray[Any]:
    """Return the values as numpy's; whatever stands for null is in no run."""
    return (pc.fill_null(values, 0) if values.null_count else values).to_numpy(zero_copy_only=False)


def _exact_sums(numbers: Integers, runs: Runs) -> Integers:
    """Return the sum of each run, as the difference of running totals; these may wrap around, their difference not."""
    largest = max(abs(int(numbers.max())), abs(int(numbers.min())))
    if largest * int(runs.lengths.max()) > _LARGEST:
        raise pa.ArrowInvalid("a sum may not fit 64 bits")
    return np.diff(np.cumsum(numbers, dtype=np.int64)[runs.ends], prepend=0)


def _count_distinct(values: pa.Array, runs: Runs) -> Integers:
    """Return how many distinct texts each run holds."""
    codes = pc.dictionary_encode(values.dictionary)  # equal texts may stand in a dictionary twice
    ids = _numbers(codes.indices.take(values.indices))[runs.rows]
    pairs = np.sort(np.repeat(np.arange(len(runs.owners)), runs.lengths) * len(codes.dictionary) + ids)
    first = np.append(True, pairs[1:] != pairs[:-1])
    return np.bincount(pairs[first] // len(codes.dictionary), minlength=len(runs.owners))
