"""Streams of bytes put together from Arrow's binary arrays: pieces cut from matrices, taken in order, joined.

The bytes of a binary array lie one after the other, so an array of pieces in the right order is the stream
itself, without a copy and without a Python object a piece.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes2D = npt.NDArray[np.uint8]


def cut_at(data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> pa.BinaryArray:
    """Return the pieces of contiguous bytes between offsets, the last of which ends the last piece.

    >>> cut_at(np.frombuffer(b"abcdef", np.uint8), np.array([0, 1, 3, 6])).to_pylist()
    [b'a', b'bc', b'def']
    """
    places = pa.py_buffer(np.ascontiguousarray(offsets, dtype=np.int32))
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, [None, places, pa.py_buffer(data)])


def rows_of(matrix: Bytes2D, shown: npt.NDArray[np.bool_] | None = None) -> pa.BinaryArray:
    """Return a matrix's rows as pieces; ``shown``, of the matrix's shape, leaves out bytes where it is False.

    >>> digits = np.frombuffer(b"007042", np.uint8).reshape(2, 3)
    >>> rows_of(digits).to_pylist(), rows_of(digits, digits != ord("0")).to_pylist()
    ([b'007', b'042'], [b'7', b'42'])
    """
    if shown is None or shown.all():
        return cut_at(np.ascontiguousarray(matrix).reshape(-1), np.arange(len(matrix) + 1) * matrix.shape[1])
    return cut_at(matrix[shown], np.concatenate([[0], np.cumsum(shown.sum(axis=1))]))


def data_of(pieces: pa.BinaryArray) -> pa.Buffer:
    """Return all pieces one after the other, without a copy.

    >>> data_of(pa.array([b"x", b"ab", b"c"]).slice(1)).to_pybytes()
    b'abc'
    """
    if not len(pieces):
        return pa.py_buffer(b"")
    _, offsets, data = pieces.buffers()
    ends = np.frombuffer(offsets, np.int32)[[pieces.offset, pieces.offset + len(pieces)]]
    return data.slice(int(ends[0]), int(ends[1] - ends[0]))


def take_joined(groups: list[pa.BinaryArray], order: npt.NDArray[np.int64]) -> pa.Buffer:
    """Return the stream of the pieces numbered by ``order``, which counts through the groups one after the other.

    >>> take_joined([pa.array([b"a", b"b"]), pa.array([b"-"])], np.array([1, 2, 0])).to_pybytes()
    b'b-a'
    """
    return data_of(pc.take(pa.concat_arrays(groups), pa.array(order), boundscheck=False))
