"""CPF numbers: check digits, in whole Arrow columns (single values: ``contracts.cpf_number``).

The two check digits are weighted sums modulo 11 (Receita Federal, IN RFB 1548/2015): weights 10..2 over
the first nine digits, then 11..2 over ten; a remainder below 2 gives 0, else 11 - remainder. Eleven equal
digits satisfy the sum but are never issued.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.cpf_number import CPF_LENGTH, mask_cpf, normalize_cpf

__all__ = ["CPF_LENGTH", "check_digits", "has_valid_digits", "is_well_formed", "mask_cpf", "normalize_cpf"]

_WELL_FORMED = r"^[0-9]{11}$"


def check_digits(first_nine: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the two check digits (shape ``(n, 2)``) of nine-digit rows (shape ``(n, 9)``)."""
    first = _check_digit(first_nine, 10)
    second = _check_digit(np.column_stack([first_nine, first]), 11)
    return np.column_stack([first, second])


def _check_digit(digits: npt.NDArray[np.int64], top_weight: int) -> npt.NDArray[np.int64]:
    remainder = digits @ np.arange(top_weight, 1, -1) % 11
    return np.where(remainder < 2, 0, 11 - remainder)


def is_well_formed(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return a boolean array: exactly eleven ASCII digits (null where the value is null)."""
    return pc.match_substring_regex(column, _WELL_FORMED)


def has_valid_digits(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a boolean array: well formed, check digits right, not eleven equal digits; null is False.

    >>> has_valid_digits(pa.array(["52998224725", "52998224724", "11111111111", "abc", None])).to_pylist()
    [True, False, False, False, False]
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    well_formed = np.asarray(pc.fill_null(is_well_formed(array), False))
    valid = np.zeros(len(array), dtype=bool)
    if well_formed.any():
        kept = array.filter(pa.array(well_formed)).cast(pa.string())
        text = b"".join(kept.to_numpy(zero_copy_only=False).astype("S11"))
        digits = np.frombuffer(text, dtype=np.uint8).reshape(-1, CPF_LENGTH).astype(np.int64) - ord("0")
        right = (check_digits(digits[:, :9]) == digits[:, 9:]).all(axis=1)
        valid[well_formed] = right & (digits != digits[:, :1]).any(axis=1)
    return pa.array(valid)
