"""Entries into Redis hashes: one HSET a bucket, the protocol's bytes built column by column.

RESP (the Redis protocol) is text with lengths, so a table of fixed-width fields and values is a matrix of
bytes. Sorted by bucket, each bucket's pairs are one run of it, which follows the command's head. No Python
object a row or a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from serve.publishing.byte_pieces import Bytes2D, cut_at, data_of, rows_of
from serve.publishing.record_encoding import Entries

ROWS_A_BATCH = 20_000
"""Rows sent before the replies to the batch before are read: some 2 MB out and 100 kB back."""

_BUCKET_DIGITS = 6
_MAX_ARGUMENT_DIGITS = 6
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


class RawConnection(Protocol):
    """What is used of a redis-py connection: bytes out, replies in."""

    def send_packed_command(self, command: Any, /) -> None:
        """Send bytes as they are."""

    def read_response(self) -> Any:
        """Return the next reply; an error reply is raised."""


def write_entries(connection: RawConnection, entries: Entries, *, prefix: str, buckets: int) -> None:
    """Write all entries to the hashes ``prefix`` + six hexadecimal digits; an error reply is raised.

    While the server works on one batch the next is encoded.
    """
    unanswered = 0
    for command_bytes, commands in encode_commands(entries, prefix=prefix, buckets=buckets):
        connection.send_packed_command([command_bytes])
        read_replies(connection, unanswered)
        unanswered = commands
    read_replies(connection, unanswered)


def read_replies(connection: RawConnection, count: int) -> list[Any]:
    """Return the next replies; an error reply is raised."""
    return [connection.read_response() for _ in range(count)]


def encode_commands(entries: Entries, *, prefix: str, buckets: int) -> Iterator[tuple[bytes, int]]:
    """Yield (bytes of HSET commands, how many commands), at most ROWS_A_BATCH rows at a time."""
    numbers = entries.places % np.uint32(buckets)
    order = _stable_order(numbers)
    for start in range(0, len(order), ROWS_A_BATCH):
        rows = order[start : start + ROWS_A_BATCH]
        yield _encode_batch(numbers[rows], _pairs(entries, rows), prefix.encode())


def encode_bucket_commands(name: bytes, prefix: str, numbers: range) -> bytes:
    r"""Return the bytes of one command without further arguments for each of the buckets numbered.

    >>> encode_bucket_commands(b"HLEN", "p:", range(10, 11))
    b'*2\r\n$4\r\nHLEN\r\n$8\r\np:00000a\r\n'
    """
    start = b"*2\r\n$%d\r\n%s\r\n$%d\r\n" % (len(name), name, len(prefix) + _BUCKET_DIGITS) + prefix.encode()
    digits = _hex_digits(np.arange(numbers.start, numbers.stop, dtype=np.uint32))
    return _with_constants([start, digits, b"\r\n"], len(numbers)).tobytes()


def _stable_order(numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Return the rows in order of their numbers, equal ones as they came (faster than a stable argsort)."""
    keys = numbers.astype(np.uint64) << np.uint64(32) | np.arange(len(numbers), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFF_FFFF)).astype(np.int64)


def _pairs(entries: Entries, rows: npt.NDArray[np.int64]) -> Bytes2D:
    fields, values = entries.fields.take(rows, axis=0), entries.values.take(rows, axis=0)
    lengths = fields.shape[1], values.shape[1]
    return _with_constants([b"$%d\r\n" % lengths[0], fields, b"\r\n$%d\r\n" % lengths[1], values, b"\r\n"], len(rows))


def _encode_batch(numbers: npt.NDArray[np.uint32], pairs: Bytes2D, prefix: bytes) -> tuple[bytes, int]:
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] ^ np.uint32(1)))
    edges = np.append(starts, len(numbers))
    digits, used = _decimal(2 + 2 * np.diff(edges))
    middle = b"\r\n$4\r\nHSET\r\n$%d\r\n" % (len(prefix) + _BUCKET_DIGITS) + prefix
    heads = _with_constants([b"*", digits, middle, _hex_digits(numbers[starts]), b"\r\n"], len(starts))
    shown = np.ones(heads.shape, dtype=bool)
    shown[:, 1 : 1 + _MAX_ARGUMENT_DIGITS] = used
    runs = cut_at(pairs.reshape(-1), edges * pairs.shape[1])
    stream = pc.binary_join_element_wise(rows_of(heads, shown), runs, pa.scalar(b"", pa.binary()))
    return data_of(stream).to_pybytes(), len(starts)


def _hex_digits(numbers: npt.NDArray[np.uint32]) -> Bytes2D:
    shifts = np.arange(_BUCKET_DIGITS - 1, -1, -1, dtype=np.uint32) * 4
    digits: Bytes2D = _HEX[numbers[:, None] >> shifts & 15]
    return digits


def _decimal(values: npt.NDArray[np.int64]) -> tuple[Bytes2D, npt.NDArray[np.bool_]]:
    powers = 10 ** np.arange(_MAX_ARGUMENT_DIGITS - 1, -1, -1)
    digits = (values[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    return digits, values[:, None] >= powers


def _with_constants(parts: list[bytes | Bytes2D], rows: int) -> Bytes2D:
    """Return a matrix of columns side by side; bytes stand in every row."""
    blocks = [np.frombuffer(part, np.uint8)[None] if isinstance(part, bytes) else part for part in parts]
    joined = np.empty((rows, sum(block.shape[1] for block in blocks)), dtype=np.uint8)
    at = 0
    for block in blocks:
        joined[:, at : at + block.shape[1]] = block
        at += block.shape[1]
    return joined
