"""BSON elements one at a time, stepped over by their lengths: nothing is decoded that could fail.

For what the vectorised walker is not made for: the items of an array, a document of a great many fields.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from contracts.errors import StoreContractError
from extract.bson_types import ENDS_WITH_NUL, FIXED_SIZES, PREFIXED, REGEX, STRING, SYMBOL

_INT32 = struct.Struct("<i")


def element_end(data: bytes | memoryview, kind: int, start: int) -> int:
    """Return where one value ends, by its type; StoreContractError if the type has no known length."""
    if kind in FIXED_SIZES:
        return start + FIXED_SIZES[kind]
    if kind not in PREFIXED:
        raise malformed()
    outside, least = PREFIXED[kind]
    length: int = _INT32.unpack_from(data, start)[0]
    if length < least:
        raise malformed()
    return start + length + outside


def elements_between(data: bytes, place: int, last: int) -> Iterator[tuple[int, bytes, int, int]]:
    """Yield type, name, start and end of each value from ``place`` on, up to the NUL at ``last`` that ends them all.

    StoreContractError if lengths do not add up.
    """
    try:
        while place < last:
            kind = data[place]
            start = data.index(0, place + 1, last) + 1
            end = _regex_end(data, start) if kind == REGEX else element_end(data, kind, start)
            if end > last or (kind in ENDS_WITH_NUL and data[end - 1]):
                raise malformed()
            yield kind, data[place + 1 : start - 1], start, end
            place = end
    except (ValueError, IndexError, struct.error):
        raise malformed() from None
    if place != last or data[last]:
        raise malformed()


def smallest_text(array: bytes) -> bytes | None:
    """Return the text by which MongoDB's index holds an array first: the smallest of its items, compared as bytes.

    None if it holds none.
    """
    items = elements_between(array, 4, len(array) - 1)
    return min((array[start + 4 : end - 1] for kind, _, start, end in items if kind in (STRING, SYMBOL)), default=None)


def malformed() -> StoreContractError:
    """Return the error of bytes that are no BSON."""
    return StoreContractError("MongoDB: a reply holds malformed BSON")


def _regex_end(data: bytes, start: int) -> int:
    return data.index(0, data.index(0, start) + 1) + 1
