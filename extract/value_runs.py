"""Runs of equal neighbours in a column: what is found of one value once goes to every row that holds it.

Stores answer in the order of their CPF index, so that a consumer's records stand together. Any order is
right; that one is fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Runs:
    """The value of each run, and of how many rows it is.

    >>> runs = Runs.of(pa.array(["a", "a", None, "b"]))
    >>> runs.values.to_pylist(), runs.spread(np.array([1, 2, 3])).tolist()
    (['a', None, 'b'], [1, 1, 2, 3])
    """

    values: pa.Array
    lengths: npt.NDArray[np.int64]

    @classmethod
    def of(cls, column: pa.Array) -> Runs:
        """Return the runs of a column."""
        encoded = pc.run_end_encode(column, run_end_type=pa.int64())
        return cls(encoded.values, np.diff(np.asarray(encoded.run_ends), prepend=0))

    def spread(self, of_values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return one item a row, from one item a run."""
        return np.repeat(of_values, self.lengths)
