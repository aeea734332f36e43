"""Folds a consumer's rows into one value each: counts, exact sums, extremes and distinct values.

Rows are sorted by owner (0 to n - 1), so that a consumer's rows are a run of equal owners: no hash table is needed, and
no order of adding could matter, for all is integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.kernels import Evaluation
from features.ownership import Places, true_places, unpack
from features.syntax import Fold, Node

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[Any]

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Runs:
    """Rows that count (all, or those at ``rows``), in runs of one owner each, from a start to an end, both included."""

    rows: Places | slice
    owners: Integers
    starts: Integers
    ends: Integers

    @property
    def lengths(self) -> Integers:
        """Return how many rows each run has."""
        return self.ends - self.starts + 1


_FIRST = np.zeros(1, np.int64)


def find_runs(owners: Integers, rows: Places | slice = slice(None)) -> Runs:
    """Return the runs of equal owners among some rows, in order, or all."""
    chosen = owners[rows]
    if not len(chosen):
        return Runs(rows, chosen, chosen, chosen)
    borders = np.flatnonzero(chosen[1:] != chosen[:-1])
    starts = np.concatenate((_FIRST, borders + 1))
    ends = np.concatenate((borders, [len(chosen) - 1]))
    return Runs(rows, chosen[starts], starts, ends)


class OwnedRows:
    """The rows of one family that count as of a date, sorted by owner, with the values of their expressions."""

    def __init__(self, evaluation: Evaluation, owners: Integers, consumers: int) -> None:
        self._evaluation, self._owners, self._consumers = evaluation, owners, consumers
        self._every = find_runs(owners)
        self._chosen: dict[int, Runs] = {id(None): self._every}  # by condition: equal ones of a plan are one node
        self._longest = int(self._every.lengths.max(initial=0))
        self.present = np.zeros(consumers, np.bool_)
        self.present[self._every.owners] = True
        self._validity = pa.array(self.present).buffers()[1]

    def fold(self, fold: Fold) -> pa.Array:
        """Return one integer a consumer; null without rows, or where an extreme has none to choose from.

        Raises
        ------
        pa.ArrowInvalid
            A sum may not fit 64 bits.
        """
        values = None if fold.value is None else self._evaluation.array(fold.value)
        found = np.zeros(self._consumers, np.int64)
        if values is None and fold.condition is not None:
            found[self._every.owners] = _count_true(self._evaluation.mask(fold.condition), self._every)
            return self._of_present(found)
        runs = self._chosen_runs(fold.condition, values)
        found[runs.owners] = self._folded(fold, values, runs)
        if fold.function == "count" or fold.zero:
            return self._of_present(found)
        without = np.ones(self._consumers, np.bool_)
        without[runs.owners] = False
        return pa.array(found, mask=without)

    def _of_present(self, found: Integers) -> pa.Array:
        """Return values that only those without any row lack."""
        return pa.Array.from_buffers(pa.int64(), len(found), [self._validity, pa.py_buffer(found)])

    def _chosen_runs(self, condition: Node | None, values: pa.Array | None) -> Runs:
        """Return the runs of the rows that meet a condition and have a value."""
        if values is not None and values.null_count:
            mask = pc.is_valid(values)
            if condition is not None:
                mask = pc.and_(mask, self._evaluation.mask(condition))
            return find_runs(self._owners, true_places(mask))
        if id(condition) not in self._chosen:
            assert condition is not None
            self._chosen[id(condition)] = find_runs(self._owners, true_places(self._evaluation.mask(condition)))
        return self._chosen[id(condition)]

    def _folded(self, fold: Fold, values: pa.Array | None, runs: Runs) -> Integers:
        """Return one value a run."""
        if values is None or not len(runs.owners) or (fold.function == "count" and not fold.distinct):
            return runs.lengths
        if fold.distinct:
            return _count_distinct(values, runs)
        numbers = _numbers(values)
        match fold.function:
            case "sum":
                return _exact_sums(numbers, runs, longest=self._longest)
            case "min":
                return np.minimum.reduceat(numbers[runs.rows], runs.starts)
            case _:
                return np.maximum.reduceat(numbers[runs.rows], runs.starts)


def _numbers(values: pa.Array) -> Numbers:
    """Return the values as numpy's; whatever stands for null is in no run."""
    numbers: Numbers = (pc.fill_null(values, 0) if values.null_count else values).to_numpy(zero_copy_only=False)
    return numbers


def _count_true(mask: pa.Array, runs: Runs) -> Numbers:
    """Return how many rows of each run a mask is true for; the runs are of all rows."""
    return _differences(np.cumsum(unpack(mask).astype(np.int32))[runs.ends])


def _exact_sums(numbers: Numbers, runs: Runs, *, longest: int) -> Integers:
    """Return the sum of each run, as the difference of running totals; these may wrap around, their difference not."""
    chosen = numbers[runs.rows]
    if max(int(chosen.max()), -int(chosen.min())) * longest > _LARGEST:
        raise pa.ArrowInvalid("a sum may not fit 64 bits")
    return _differences(np.cumsum(chosen, dtype=np.int64)[runs.ends])


def _differences(totals: Numbers) -> Numbers:
    """Return what each running total adds to the one before."""
    totals[1:] -= totals[:-1].copy()
    return totals


def _count_distinct(values: pa.Array, runs: Runs) -> Integers:
    """Return how many distinct texts each run holds."""
    if pa.types.is_dictionary(values.type):
        codes = pc.dictionary_encode(values.dictionary)  # equal texts may stand in a dictionary twice
        places = codes.indices.take(values.indices)
    else:
        codes = pc.dictionary_encode(values)
        places = codes.indices
    distinct = max(len(codes.dictionary), 1)
    ids = _numbers(places)[runs.rows]
    pairs = np.sort(np.repeat(np.arange(len(runs.owners)), runs.lengths) * distinct + ids)
    first = np.concatenate(([True], pairs[1:] != pairs[:-1]))
    return np.bincount(pairs[first] // distinct, minlength=len(runs.owners))
