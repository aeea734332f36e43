"""Located BSON values -> Arrow columns in the lake's types, with the exact reason where there is no value.

Text only from BSON strings, instants only from BSON dates, money from double, int32, int64 and Decimal128.
A null, an undefined or an absent field is null; any other type is Defect.WRONG_TYPE, or TEXT if it is text. So is a
field that the document has more than once, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.table_declaration import INSTANT_TYPE, Kind
from extract import bson_types as bson
from extract.bson_walker import Batch, Field, Offsets
from extract.conversion import decode_text
from extract.money import MAX_CENTS, cents_from_decimal, cents_from_doubles, cents_from_ints
from extract.records import Codes, Decoded, Defect, Flags

_TEXTS = (bson.STRING, bson.SYMBOL)
_NO_VALUE = (bson.ABSENT, bson.NULL, bson.UNDEFINED)
_LARGEST_MILLISECONDS = 2**62 // 1000

_EXPONENT_BIAS = 6176
_LARGEST_COEFFICIENT = 10**34 - 1
_POWERS = 10 ** np.arange(19, dtype=np.int64)
_LONG_DIVISION = 18
"""Powers of ten up to 10^18 fit int64; a coefficient below 2^63 needs no larger divisor but to become 0."""


def decode_field(batch: Batch, field: Field, kind: Kind) -> Decoded:
    """Return a located field of every document as a column of its kind."""
    decoded = _DECODERS[kind](batch, field)
    return _without_repeated(decoded, field.repeated) if field.repeated.any() else decoded


def decode_texts(batch: Batch, field: Field) -> pa.Array:
    """Return what is text in each document, symbols too, as MongoDB's index holds it; null where there is none."""
    return decode_text(_slices(batch, field.starts + 4, field.ends - 1, np.isin(field.types, _TEXTS)))


def _without_repeated(decoded: Decoded, repeated: Flags) -> Decoded:
    values = pc.if_else(pa.array(repeated), pa.scalar(None, decoded.values.type), decoded.values)
    defects = np.zeros(len(values), np.uint8) if decoded.defects is None else decoded.defects
    defects[repeated] = Defect.WRONG_TYPE
    return Decoded(values, defects)


def decode_elements(batch: Batch, field: Field, name: str) -> pa.Array:
    """Return each document's whole element (type byte, name, NUL, value) as binary; null where absent."""
    present = field.types != bson.ABSENT
    return _slices(batch, field.starts - len(name.encode()) - 2, field.ends, present)


def _texts(batch: Batch, field: Field) -> Decoded:
    is_text = field.types == bson.STRING
    raw = _slices(batch, field.starts + 4, field.ends - 1, is_text)
    return Decoded(decode_text(raw), _wrong_types(field, is_text))


def _slices(batch: Batch, starts: Offsets, ends: Offsets, present: Flags) -> pa.Array:
    """Return parts of the batch's bytes as a binary array: Arrow copies them, no Python object is made.

    The batch is read as one binary array of alternating slots (a value, the gap to the next, a value, ...),
    of which only the values are taken.
    """
    if not len(starts):
        return pa.array([], pa.binary())
    bounds = np.zeros((len(starts), 2), dtype=np.int64)
    bounds[:, 1] = np.maximum.accumulate(np.where(present, ends, 0))
    bounds[1:, 0] = bounds[:-1, 1]
    bounds[:, 0] = np.where(present, starts, bounds[:, 0])
    slots = 2 * len(starts) - 1
    offsets = pa.py_buffer(bounds.astype(np.int32).ravel())
    alternating = pa.Array.from_buffers(pa.binary(), slots, [None, offsets, pa.py_buffer(batch.data)])
    return alternating.take(pa.array(np.arange(0, slots, 2), mask=~present))


def _instants(batch: Batch, field: Field) -> Decoded:
    is_date = field.types == bson.DATE
    milliseconds = _gather(batch, field, is_date, "<i8")
    held = np.clip(milliseconds, -_LARGEST_MILLISECONDS, _LARGEST_MILLISECONDS) * 1000
    return Decoded(pa.array(held, pa.int64(), mask=~is_date).cast(INSTANT_TYPE), _wrong_types(field, is_date))


def _money(batch: Batch, field: Field) -> Decoded:
    cents = np.zeros(len(field.types), dtype=np.int64)
    finite = np.zeros(len(field.types), dtype=bool)
    accepted = np.zeros(len(field.types), dtype=bool)
    for code, convert in _MONEY_TYPES.items():
        at = np.flatnonzero(field.types == code)
        if at.size:
            accepted[at] = True
            cents[at], finite[at] = convert(batch, field.starts[at])
    defects = _wrong_types(field, accepted)
    if not finite[accepted].all():
        defects = np.zeros(len(cents), np.uint8) if defects is None else defects
        defects[accepted & ~finite] = Defect.NOT_FINITE
    return Decoded(pa.array(cents, pa.int64(), mask=~finite), defects)


_DECODERS: dict[Kind, Callable[[Batch, Field], Decoded]] = {
    Kind.TEXT: _texts,
    Kind.INSTANT: _instants,
    Kind.MONEY: _money,
}


def _wrong_types(field: Field, accepted: Flags) -> Codes | None:
    if accepted.all():
        return None
    wrong = ~accepted & ~np.isin(field.types, _NO_VALUE)
    if not wrong.any():
        return None
    defects = np.where(wrong, Defect.WRONG_TYPE, Defect.NONE).astype(np.uint8)
    defects[wrong & (field.types == bson.STRING)] = Defect.TEXT
    return defects


def _gather(batch: Batch, field: Field, where: Flags, kind: str) -> npt.NDArray[np.int64]:
    values: npt.NDArray[np.int64] = batch.view(kind)[np.where(where, field.starts, 0)]
    return values


def _from_doubles(batch: Batch, starts: Offsets) -> tuple[npt.NDArray[np.int64], Flags]:
    values = batch.view("<f8")[starts].astype(np.float64)
    return cents_from_doubles(values), np.isfinite(values)


def _from_int32(batch: Batch, starts: Offsets) -> tuple[npt.NDArray[np.int64], Flags]:
    return cents_from_ints(batch.view("<i4")[starts].astype(np.int64)), np.ones(len(starts), dtype=bool)


def _from_int64(batch: Batch, starts: Offsets) -> tuple[npt.NDArray[np.int64], Flags]:
    return cents_from_ints(batch.view("<i8")[starts].astype(np.int64)), np.ones(len(starts), dtype=bool)


def _from_decimal128(batch: Batch, starts: Offsets) -> tuple[npt.NDArray[np.int64], Flags]:
    """Return IEEE 754-2008 decimals (binary integer significand) as cents, and which are finite."""
    words = batch.view("<u8")
    low, high = words[starts].astype(np.uint64), words[starts + 8].astype(np.uint64)
    combination = high >> np.uint64(58) & np.uint64(0x1F)
    finite = combination < 0x1E
    exponent = (high >> np.uint64(49) & np.uint64(0x3FFF)).astype(np.int64) - _EXPONENT_BIAS
    top = high & np.uint64(0x1FFFFFFFFFFFF)
    # A second form of encoding holds only coefficients that are too large, which the standard reads as zero.
    oversized = combination >= 0x18
    small = (top == 0) & (low < np.uint64(2**63)) & ~oversized
    cents = _scaled(np.where(small, low, np.uint64(0)).astype(np.int64), exponent + 2)
    for row in np.flatnonzero(~small & ~oversized & finite):
        cents[row] = _wide_cents(int(top[row]) << 64 | int(low[row]), int(exponent[row]))
    negative = (high >> np.uint64(63)).astype(bool)
    return np.where(negative, -cents, cents), finite


def _scaled(coefficients: npt.NDArray[np.int64], powers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return ``coefficient * 10**power`` rounded half to even, held at MAX_CENTS."""
    up = _POWERS[np.clip(powers, 0, _LONG_DIVISION)]
    raised = np.where(coefficients > MAX_CENTS // up, MAX_CENTS, np.minimum(coefficients, MAX_CENTS // up) * up)
    raised = np.where((powers > _LONG_DIVISION) & (coefficients > 0), MAX_CENTS, raised)
    down = _POWERS[np.clip(-powers, 0, _LONG_DIVISION)]
    quotient, remainder = np.divmod(coefficients, down)
    beyond_half = remainder > down - remainder
    at_half = (remainder == down - remainder) & (down > 1)
    rounded = quotient + (beyond_half | (at_half & (quotient % 2 == 1)))
    rounded = np.where(powers < -_LONG_DIVISION, _below_one(coefficients, powers), rounded)
    cents: npt.NDArray[np.int64] = np.minimum(np.where(powers >= 0, raised, rounded), MAX_CENTS)
    return cents


def _below_one(coefficients: npt.NDArray[np.int64], powers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return 1 where a coefficient below 2^63 divided by 10^19 exceeds one half; else 0."""
    return np.where((powers == -_LONG_DIVISION - 1) & (coefficients > 5 * 10**18), 1, 0)


def _wide_cents(coefficient: int, exponent: int) -> int:
    if coefficient > _LARGEST_COEFFICIENT:
        return 0
    return cents_from_decimal(Decimal(coefficient).scaleb(exponent))


_MONEY_TYPES: dict[int, Callable[[Batch, Offsets], tuple[npt.NDArray[np.int64], Flags]]] = {
    bson.DOUBLE: _from_doubles,
    bson.INT32: _from_int32,
    bson.INT64: _from_int64,
    bson.DECIMAL128: _from_decimal128,
}
