"""Keys derived from seeds: UUID strings and ObjectIds, in whole columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DASHES = (8, 13, 18, 23)
_DIGIT_PLACES = np.array([place for place in range(36) if place not in _DASHES])

OBJECT_ID_LENGTH = 12
CLEAN_MARK = 1
COPY_BEFORE_MARK = 0
COPY_AFTER_MARK = 2
"""The ObjectId's fourth byte: planted copies sort before or after the clean records as they need to."""


def hex_strings(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.bytes_]:
    """Return rows of bytes (shape ``(n, k)``) as lower-case hexadecimal text (dtype ``S2k``)."""
    digits = np.empty((len(data), 2 * data.shape[1]), dtype=np.uint8)
    digits[:, 0::2] = _HEX[data >> 4]
    digits[:, 1::2] = _HEX[data & 15]
    return digits.view(f"S{digits.shape[1]}").ravel()


def random_uuids(rng: np.random.Generator, count: int) -> pa.Array:
    """Return ``count`` version-4 UUIDs in their 36-character form."""
    data = rng.integers(0, 256, (count, 16), dtype=np.uint8)
    data[:, 6] = (data[:, 6] & 0x0F) | 0x40
    data[:, 8] = (data[:, 8] & 0x3F) | 0x80
    text = np.full((count, 36), ord("-"), dtype=np.uint8)
    text[:, _DIGIT_PLACES] = hex_strings(data).view(np.uint8).reshape(count, 32)
    return to_text(text.view("S36").ravel())


def object_ids(seed: int, block: int, rows: npt.NDArray[np.int64], *, mark: int = CLEAN_MARK) -> pa.Array:
    """Return ObjectIds (binary, 12 bytes) of rows of a block: three bytes of seed, the mark, block, row."""
    data = np.empty((len(rows), OBJECT_ID_LENGTH), dtype=np.uint8)
    data[:, :3] = np.array([seed % 2**24], dtype=">u4").view(np.uint8)[1:]
    data[:, 3] = mark
    data[:, 4:8] = np.array([block], dtype=">u4").view(np.uint8)
    data[:, 8:] = rows.astype(">u4").view(np.uint8).reshape(-1, 4)
    buffer = pa.py_buffer(data.tobytes())
    return pa.Array.from_buffers(pa.binary(OBJECT_ID_LENGTH), len(rows), [None, buffer])


def to_text(ascii_rows: npt.NDArray[np.bytes_]) -> pa.Array:
    """Return fixed-width ASCII rows (dtype ``Sk``, no shorter ones) as an Arrow string column."""
    width, count = ascii_rows.dtype.itemsize, len(ascii_rows)
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), count, [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(ascii_rows.tobytes())]
    )
