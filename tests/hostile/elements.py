"""Raw BSON read the plain way, one element after another: what the engine's own reader is held to."""

from __future__ import annotations

import struct
from collections.abc import Iterator

TEXT_TYPES = (0x02, 0x0E)
"""Strings and symbols, which MongoDB compares as one type."""

_FIXED = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7F: 0, 0xFF: 0}
_PREFIXED = {0x02: 4, 0x0D: 4, 0x0E: 4, 0x03: 0, 0x04: 0, 0x05: 5, 0x0C: 16, 0x0F: 0}


def elements_of(raw: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield type, name and value of each element of a document or array."""
    place, last = 4, len(raw) - 1
    while place < last:
        kind, end_of_name = raw[place], raw.index(0, place + 1)
        start = end_of_name + 1
        if kind in _FIXED:
            end = start + _FIXED[kind]
        elif kind == 0x0B:
            end = raw.index(0, raw.index(0, start) + 1) + 1
        else:
            end = start + struct.unpack_from("<i", raw, start)[0] + _PREFIXED[kind]
        yield kind, raw[place + 1 : end_of_name], raw[start:end]
        place = end


def text_of(value: bytes) -> bytes:
    """Return the bytes of a string."""
    return value[4:-1]
