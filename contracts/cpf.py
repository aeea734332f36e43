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

__all__ = [
    "CPF_LENGTH",
    "check_digits",
    "has_valid_digits",
    "is_well_formed",
    "mask_cpf",
    "normalize_cpf",
    "plain_cpfs",
]

_WELL_FORMED = r"^[0-9]{11}$"
_WEIGHTS = np.array([[10, 9, 8, 7, 6, 5, 4, 3, 2, 0], [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]], dtype=np.float32)
"""Of the first ten digits, for each check digit; the sums are small whole numbers, exact in float32."""


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


def plain_cpfs(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return texts as CPFs are kept: without punctuation, with leading zeros.

    >>> plain_cpfs(pa.array(["529.982.247-25", " 1234567890", "52998224725", None])).to_pylist()
    ['52998224725', '01234567890', '52998224725', None]
    """
    if np.asarray(pc.fill_null(is_well_formed(column), True)).all():
        return column
    return pc.utf8_lpad(pc.replace_substring_regex(column, "[^0-9]", ""), CPF_LENGTH, "0")


def has_valid_digits(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a boolean array: well formed, check digits right, not eleven equal digits; null is False.

    >>> has_valid_digits(pa.array(["52998224725", "52998224724", "11111111111", "abc", None])).to_pylist()
    [True, False, False, False, False]
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not (pa.types.is_string(array.type) or pa.types.is_binary(array.type)):
        array = array.cast(pa.string())
    eleven = np.asarray(pc.fill_null(pc.equal(pc.binary_length(array), CPF_LENGTH), False))
    valid = np.zeros(len(array), dtype=bool)
    if eleven.any():
        valid[eleven] = _are_right(_digits_of(array.filter(pa.array(eleven))))
    return pa.array(valid)


def _digits_of(elevens: pa.Array) -> npt.NDArray[np.uint8]:
    """Return the characters of texts of eleven bytes less "0" (shape ``(11, n)``), from where Arrow holds them."""
    _, offsets, text = elevens.buffers()
    first = np.frombuffer(offsets, dtype=np.int32, count=1, offset=4 * elevens.offset)[0]
    characters = np.frombuffer(text, dtype=np.uint8, count=CPF_LENGTH * len(elevens), offset=first)
    return np.ascontiguousarray(characters.reshape(-1, CPF_LENGTH).T) - np.uint8(ord("0"))


def _are_right(digits: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    sums = _WEIGHTS @ digits[:-1].astype(np.float32)
    remainders = sums.astype(np.int16) % 11
    expected = np.where(remainders < 2, 0, 11 - remainders)
    right: npt.NDArray[np.bool_] = (
        (digits <= 9).all(axis=0) & (digits[-2:] == expected).all(axis=0) & (digits != digits[0]).any(axis=0)
    )
    return right
