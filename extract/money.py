"""Money of any source type as integer cents, exactly: half cents go to the even neighbour.

Decimals never pass through a float. A double is taken as the IEEE product ``value * 100`` rounded half to
even: 10.075 gives 1007, since the product is 1007.4999999999999, on every machine alike. Amounts beyond
``MAX_CENTS`` are held at that bound with their sign: still absurd, still in range.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from extract.records import Codes, Decoded, Defect

MAX_CENTS = 2**62
"""Far above any plausible amount, far enough below int64's limit to be compared without overflow."""

_PLAIN_NUMBER = r"^-?[0-9]{1,16}(\.[0-9]{1,18})?$"
_TEXT_SCALE = 18
_MAX_PRECISION = 38
_INT64_PRECISION = 18
"""Digits that an int64 always holds, below MAX_CENTS."""

_WIDEST_CONTEXT = 6200
"""Digits enough for any Decimal128 written in full (largest exponent 6111, 34 digits)."""


def cents_from_ints(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return whole reais as cents."""
    limit = MAX_CENTS // 100
    return np.where(
        np.abs(np.clip(values, -limit - 1, limit + 1)) > limit,
        np.sign(values) * MAX_CENTS,
        np.clip(values, -limit, limit) * 100,
    )


def cents_from_doubles(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return doubles as cents; NaN and infinities give 0 (the caller flags them)."""
    with np.errstate(over="ignore", invalid="ignore"):
        product = np.rint(values * 100)
    product = np.where(np.isfinite(values), product, 0.0)
    return np.clip(product, -float(MAX_CENTS), float(MAX_CENTS)).astype(np.int64)


def cents_from_decimal(value: Decimal) -> int:
    """Return one finite decimal, however long, as cents."""
    if not value:
        return 0  # whatever its exponent
    with localcontext() as context:
        context.prec = _WIDEST_CONTEXT
        if value.adjusted() > 20:
            return -MAX_CENTS if value.is_signed() else MAX_CENTS
        cents = int(value.scaleb(2).to_integral_value(rounding=ROUND_HALF_EVEN))
    return max(-MAX_CENTS, min(MAX_CENTS, cents))


def money_column(array: pa.Array) -> Decoded:
    """Return an Arrow column of decimals, integers, doubles or decimal text as cents."""
    kind = array.type
    if pa.types.is_decimal(kind):
        return Decoded(_decimals(array))
    if pa.types.is_integer(kind):
        return _masked(cents_from_ints(_filled(array, pa.int64())), array)
    if pa.types.is_floating(kind):
        doubles = _filled(array, pa.float64())
        defects = np.where(np.isfinite(doubles), Defect.NONE, Defect.NOT_FINITE).astype(np.uint8)
        return _masked(cents_from_doubles(doubles), array, defects)
    if pa.types.is_string(kind):
        return _texts(array)
    if pa.types.is_null(kind):
        return Decoded(pa.nulls(len(array), pa.int64()))
    defects = np.where(np.asarray(array.is_valid()), Defect.WRONG_TYPE, Defect.NONE).astype(np.uint8)
    return Decoded(pa.nulls(len(array), pa.int64()), defects)


def _filled(array: pa.Array, target: pa.DataType) -> npt.NDArray[Any]:
    return np.asarray(pc.fill_null(array.cast(target), 0))


def _masked(cents: npt.NDArray[np.int64], source: pa.Array, defects: Codes | None = None) -> Decoded:
    missing = np.asarray(source.is_null())
    if defects is not None and not defects.any():
        defects = None
    if defects is not None:
        missing = missing | (defects != Defect.NONE)
    return Decoded(pa.array(cents, pa.int64(), mask=missing), defects)


def _decimals(array: pa.Array) -> pa.Array:
    if array.type.scale == 2 and array.type.precision <= _INT64_PRECISION and pa.types.is_decimal128(array.type):
        return pa.array(_limbs(array)[0], pa.int64(), mask=np.asarray(array.is_null()))
    try:
        exact = array.cast(pa.decimal128(_MAX_PRECISION, array.type.scale))
        if exact.type.scale > 2:
            exact = pc.round(exact, ndigits=2, round_mode="half_to_even")
        exact = exact.cast(pa.decimal128(_MAX_PRECISION, 2))
    except pa.ArrowInvalid:  # a value too wide to rescale: the rare column is converted value by value
        values = [None if value is None else cents_from_decimal(value) for value in array.to_pylist()]
        return pa.array(values, pa.int64())
    low, high = _limbs(exact)
    fits = (high == low >> 63) & (np.abs(low >> 1) <= MAX_CENTS >> 1)
    cents = np.where(fits, low, np.where(high < 0, -MAX_CENTS, MAX_CENTS))
    return pa.array(cents, pa.int64(), mask=np.asarray(array.is_null()))


def _limbs(decimals: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the low and high halves of 128-bit decimals, as Arrow holds them."""
    limbs = np.frombuffer(decimals.buffers()[1] or b"", dtype="<i8")[2 * decimals.offset :]
    return limbs[: 2 * len(decimals) : 2], limbs[1 : 2 * len(decimals) : 2]


def _texts(array: pa.Array) -> Decoded:
    plain = np.asarray(pc.fill_null(pc.match_substring_regex(array, _PLAIN_NUMBER), True))
    regular = pc.if_else(pa.array(plain), array, pa.scalar(None, pa.string()))
    cents = _decimals(regular.cast(pa.decimal128(_MAX_PRECISION, _TEXT_SCALE)))
    if plain.all():
        return Decoded(cents)
    defects = np.zeros(len(array), dtype=np.uint8)
    rows = np.flatnonzero(~plain)
    odd = [_parse(text) for text in array.take(pa.array(rows)).to_pylist()]
    defects[rows] = [defect for _, defect in odd]
    replaced = pc.replace_with_mask(cents, pa.array(~plain), pa.array([value for value, _ in odd], pa.int64()))
    return Decoded(replaced, defects if defects.any() else None)


def _parse(text: str) -> tuple[int | None, Defect]:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None, Defect.WRONG_TYPE
    if not value.is_finite():
        return None, Defect.NOT_FINITE
    return cents_from_decimal(value), Defect.NONE
