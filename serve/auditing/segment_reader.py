"""A journal's segments as they are read: by whoever ships them, while others may be at it too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from serve.auditing.journal_format import MAX_PAYLOAD_BYTES, Follows, Header, Scan, first_instant, read_header, scan
from serve.auditing.segment import take_lock

PIECE_BYTES = 8 << 10
"""Read at once, some 40 reads of one person: shipping more in one go would hold up the process's requests."""

LONG_PIECE_BYTES = 2 * MAX_PAYLOAD_BYTES
"""Read at once where much waits, or a piece holds nothing whole: any record is shorter, so there is one or damage."""

MUCH_BYTES = 1 << 20
"""So many left to ship are read in long pieces: to catch up matters more then than to hold up no request."""

DAMAGED_SUFFIX = ".danificado"
"""What a segment without a readable header is renamed to: kept for people to look at, waited for by nobody."""

HEADER_BYTES = 512
"""A header and the beginning of a record are shorter."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole records of a segment, from where to where they are, with the bytes of damage among and after them.

    ``is_last`` says whether the segment's end is reached.
    """

    payloads: list[bytes]
    start: int
    end: int
    damaged: int
    tail: int
    is_last: bool

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to ship."""
        return self.start == self.end


@dataclass(frozen=True, slots=True)
class SegmentReader:
    """A segment open for reading; ``is_over`` if its writer is gone, and then this reader holds its lock."""

    path: Path
    descriptor: int
    header: Header | None
    size: int
    is_over: bool

    def read(self, offset: int) -> Piece:
        """Return the next records from an offset on (0: from the first)."""
        assert self.header is not None, self.path
        start = max(offset, self.header.size)
        data = self._bytes_at(start, PIECE_BYTES if self.size - start < MUCH_BYTES else LONG_PIECE_BYTES)
        found = self._scan(self.header, start, data)
        if not found.size and len(data) == PIECE_BYTES:
            found = self._scan(self.header, start, self._bytes_at(start, LONG_PIECE_BYTES))
        end = start + found.size if found.size else offset
        is_last = start + found.size + found.tail >= self.size
        return Piece(found.payloads, offset, end, found.damaged, found.tail, is_last)

    def _bytes_at(self, start: int, length: int) -> bytes:
        return os.pread(self.descriptor, length, start)

    def _scan(self, header: Header, start: int, data: bytes) -> Scan:
        follows = Follows.NOTHING if start + len(data) >= self.size else Follows.MORE
        return scan(data, header.seed, follows if self.is_over else Follows.THE_WRITER)

    def waiting_since(self, offset: int) -> datetime | None:
        """Return the instant of the first record from an offset on; None if there is none."""
        assert self.header is not None, self.path
        start = max(offset, self.header.size)
        if start >= self.size:
            return None
        return first_instant(os.pread(self.descriptor, HEADER_BYTES, start)) or self.header.started

    def set_aside(self) -> None:
        """Rename a segment that nobody can read, so that it is kept and not tried again."""
        self.path.rename(self.path.with_suffix(DAMAGED_SUFFIX))

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[SegmentReader]:
    """Yield a segment for reading; FileNotFoundError if it was removed meanwhile, any OSError if it cannot be read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        is_over = take_lock(descriptor)
        header = read_header(os.pread(descriptor, HEADER_BYTES, 0))
        yield SegmentReader(path, descriptor, header, os.fstat(descriptor).st_size, is_over)
    finally:
        os.close(descriptor)
