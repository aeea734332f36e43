"""CPF numbers: check digits, in single values and in whole Arrow columns; masking for payloads.

The two check digits are weighted sums modulo 11 (Receita Federal, IN RFB 1548/2015): weights 10..2 over
the first nine digits, then 11..2 over ten; a remainder below 2 gives 0, else 11 - remainder. Eleven equal
digits satisfy the sum but are never issued.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

CPF_LENGTH = 11
_PUNCTUATION = re.compile(r"[.\-\s]")
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


def normalize_cpf(text: str) -> str | None:
    """Return the eleven digits of a CPF written with or without punctuation; None if it is not valid.

    >>> normalize_cpf("529.982.247-25")
    '52998224725'
    >>> normalize_cpf("529.982.247-24") is None
    True
    """
    digits = _PUNCTUATION.sub("", text)
    if len(digits) != CPF_LENGTH or not (digits.isascii() and digits.isdigit()) or len(set(digits)) == 1:
        return None
    numbers = [int(digit) for digit in digits]
    for length in (9, 10):
        weighted = sum(n * w for n, w in zip(numbers, range(length + 1, 1, -1), strict=False))
        if numbers[length] != (0 if weighted % 11 < 2 else 11 - weighted % 11):
            return None
    return digits


def mask_cpf(cpf: str) -> str:
    """Return a CPF with only its middle six digits shown, as Brazilian public lists do.

    >>> mask_cpf("52998224725")
    '***.982.247-**'
    """
    return f"***.{cpf[3:6]}.{cpf[6:9]}-**"
