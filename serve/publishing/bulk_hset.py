"""Entries into Redis hashes: one HSET a bucket, the protocol's bytes built column by column.

RESP (the Redis protocol) is text with lengths, so a table of fixed-width fields and values is a matrix of
bytes; the first row of each bucket carries the command's head. No Python object a row or a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from serve.publishing.record_encoding import Bytes2D, Entries

ROWS_A_BATCH = 20_000
"""Rows sent before their replies are read: some 2 MB out and 100 kB back, which socket buffers hold."""

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
    """Write all entries to the hashes ``prefix`` + six hexadecimal digits; an error reply is raised."""
    for command_bytes, commands in encode_commands(entries, prefix=prefix, buckets=buckets):
        connection.send_packed_command([command_bytes])
        for _ in range(commands):
            connection.read_response()


def encode_commands(entries: Entries, *, prefix: str, buckets: int) -> Iterator[tuple[bytes, int]]:
    """Yield (bytes of HSET commands, how many commands), at most ROWS_A_BATCH rows at a time."""
    numbers = entries.places % np.uint32(buckets)
    order = np.argsort(numbers, kind="stable")
    for start in range(0, len(order), ROWS_A_BATCH):
        rows = order[start : start + ROWS_A_BATCH]
        yield _encode_batch(numbers[rows], entries.fields[rows], entries.values[rows], prefix.encode())


def _encode_batch(
    numbers: npt.NDArray[np.uint32], fields: Bytes2D, values: Bytes2D, prefix: bytes
) -> tuple[bytes, int]:
    heads = np.flatnonzero(np.diff(numbers, prepend=numbers[0] ^ np.uint32(1)))
    is_head = np.zeros(len(numbers), dtype=bool)
    is_head[heads] = True
    pairs = np.zeros(len(numbers), dtype=np.int64)
    pairs[heads] = np.diff(heads, append=len(numbers))
    digits, used = _decimal(2 + 2 * pairs)
    shifts = np.arange(_BUCKET_DIGITS - 1, -1, -1, dtype=np.uint32) * 4
    key_length = len(prefix) + _BUCKET_DIGITS
    parts: list[tuple[bytes | Bytes2D, npt.NDArray[np.bool_] | None]] = [
        (b"*", is_head),
        (digits, used & is_head[:, None]),
        (b"\r\n$4\r\nHSET\r\n$%d\r\n" % key_length + prefix, is_head),
        (_HEX[numbers[:, None] >> shifts & 15], is_head),
        (b"\r\n", is_head),
        (b"$%d\r\n" % fields.shape[1], None),
        (fields, None),
        (b"\r\n$%d\r\n" % values.shape[1], None),
        (values, None),
        (b"\r\n", None),
    ]
    return _join(parts, len(numbers)), len(heads)


def _decimal(values: npt.NDArray[np.int64]) -> tuple[Bytes2D, npt.NDArray[np.bool_]]:
    powers = 10 ** np.arange(_MAX_ARGUMENT_DIGITS - 1, -1, -1)
    digits = (values[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    return digits, values[:, None] >= powers


def _join(parts: list[tuple[bytes | Bytes2D, npt.NDArray[np.bool_] | None]], rows: int) -> bytes:
    blocks = []
    masks = []
    for content, mask in parts:
        block = np.tile(np.frombuffer(content, np.uint8), (rows, 1)) if isinstance(content, bytes) else content
        blocks.append(block)
        shown = np.ones(rows, dtype=bool) if mask is None else mask
        masks.append(np.broadcast_to(shown if shown.ndim == 2 else shown[:, None], block.shape))
    joined: bytes = np.hstack(blocks)[np.hstack(masks)].tobytes()
    return joined
