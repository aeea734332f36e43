"""Ships the journal's segments to PostgreSQL: every record once, whoever ships, whatever dies in between.

Each piece's rows and the offset that the segment has come to commit together; the next piece begins at the
offset that PostgreSQL holds. Segments whose writer is gone are adopted, and removed once all of them is shipped.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from contracts.errors import StoreUnavailableError
from serve.auditing.audit_rows import ship_piece, shipped_bytes
from serve.auditing.backlog import SegmentState, lag_of, measure
from serve.auditing.entry import AuditLag
from serve.auditing.journal_format import Header
from serve.auditing.segment import segment_paths
from serve.auditing.segment_reader import DAMAGED_SUFFIX, HEADER_BYTES, Piece, SegmentReader, reading
from serve.sources.sql_store import SqlStore

PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
"""Between two looks at the folder; doubled up to the longest while PostgreSQL does not take what there is."""

PIECES_A_ROUND = 32
"""Most pieces of one segment that are shipped before the next segment's turn."""

PATROL_SECONDS = 5.0
"""Between two looks at the segments of other processes that live, in case one of them does not ship."""

LOGGER = logging.getLogger("escore.audit")
_FAILURES = (StoreUnavailableError, sa.exc.SQLAlchemyError, OSError)
_GONE = sys.maxsize


@dataclass(slots=True)
class Shipped:
    """What a shipper has done so far."""

    records: int = 0
    segments_removed: int = 0


class AuditShipper:
    """Ships one folder's segments to one PostgreSQL.

    ``own`` names the segment that this process writes: then the other living processes' are left to themselves, but
    for a look now and then, and the lag does not count them. Without it all are shipped alike.
    """

    def __init__(self, folder: Path, results: SqlStore, *, own: Callable[[], Path | None] | None = None) -> None:
        self._folder = folder
        self._results = results
        self._own = own
        self._patrol_due = 0.0
        self._offsets: dict[UUID, int] = {}
        self._unsure: set[UUID] = set()
        self._reached: dict[Path, int] = {}
        self._failing: set[Path] = set()
        self._is_behind = False
        self.done = Shipped()

    def lag(self) -> AuditLag:
        """Return what waits, as far as this shipper knows what PostgreSQL holds."""
        return lag_of(self.states())

    def states(self) -> list[SegmentState]:
        """Return the state of each segment that this shipper is to care for, as far as it knows."""
        states = measure(self._folder, self._offsets)
        return [state for state in states if not self._is_another_s(state.path, is_live=state.is_live)]

    async def learn_offsets(self) -> None:
        """Ask PostgreSQL how far each segment has come, and ship nothing."""
        for path in segment_paths(self._folder):
            with suppress(FileNotFoundError), reading(path) as segment:
                if segment.header is not None:
                    await self._offset(segment.header)

    async def run(self, after_round: Callable[[], None] = lambda: None) -> None:
        """Ship what there is and what comes, until cancelled; ``after_round`` follows each look at the folder."""
        pause, failure = PAUSE_SECONDS, ""
        while True:
            try:
                self._is_behind = False
                await self._ship_round(everywhere=self._begins_patrol())
                if failure:
                    LOGGER.info("audit: PostgreSQL takes records again")
                pause, failure = PAUSE_SECONDS, ""
            except _FAILURES as error:
                self._is_behind, failure = False, _tell_failure(error, before=failure)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            after_round()
            # A few records at a time, without a pause, would cost more than the requests that they tell of.
            await asyncio.sleep(0 if self._is_behind else pause)

    async def ship_all(self) -> Shipped:
        """Ship all that was recorded before the call, and no more than a piece beyond; return what was done so far.

        StoreUnavailableError if PostgreSQL does not take it.
        """
        goals = await asyncio.to_thread(_sizes, self._folder)
        while goals and await self._ship_round(everywhere=True):
            goals = {path: size for path, size in goals.items() if self._reached.get(path, _GONE) < size}
        return self.done

    async def _ship_round(self, *, everywhere: bool) -> bool:
        """Ship the next piece of every segment; return whether any had one. The last of its errors is raised."""
        paths = await asyncio.to_thread(segment_paths, self._folder)
        self._reached = {path: self._reached.get(path, 0) for path in paths}
        moved, failure = False, None
        for path in paths:
            try:
                with reading(path) as segment:
                    moved = await self._ship_pieces(segment, everywhere=everywhere) or moved
            except FileNotFoundError:
                continue  # another shipper removed it
            except (sa.exc.SQLAlchemyError, OSError) as error:  # this segment's own; the others go on
                if path not in self._failing:
                    LOGGER.error("audit: segment %s cannot be shipped (%s)", path.name, type(error).__name__)
                self._failing.add(path)
                failure = error
            else:
                self._failing.discard(path)
        if failure is not None:
            raise failure
        return moved

    async def _ship_pieces(self, segment: SegmentReader, *, everywhere: bool) -> bool:
        """Ship what the segment held when it was opened, or as much as a round allows; return whether any was."""
        for number in range(PIECES_A_ROUND):
            if not await self._ship_next(segment, everywhere=everywhere):
                return number > 0
            if self._reached.get(segment.path, _GONE) >= segment.size:
                return True
        self._is_behind = True
        return True

    async def _ship_next(self, segment: SegmentReader, *, everywhere: bool) -> bool:
        header = segment.header
        if header is None:
            if segment.is_over:
                self._tidy_headless(segment)
            return False
        if self._is_another_s(segment.path, is_live=not segment.is_over):
            if not everywhere:
                return False
            self._unsure.add(header.id)  # its own process has moved it on meanwhile
        piece = segment.read(await self._offset(header))
        if not piece.is_empty or piece.tail:
            if not await self._ship(header, piece):
                return True  # from where the other shipper has come to
            self.done.records += len(piece.payloads)
            _tell_damage(segment, piece)
        self._reached[segment.path] = piece.end
        if segment.is_over and piece.is_last:
            self._remove(segment)
            self._offsets.pop(header.id, None)
        return not piece.is_empty

    def _is_another_s(self, path: Path, *, is_live: bool) -> bool:
        return self._own is not None and is_live and path != self._own()

    def _begins_patrol(self) -> bool:
        """Return whether it is time to look at the other living processes' segments too."""
        if time.monotonic() < self._patrol_due:
            return False
        self._patrol_due = time.monotonic() + PATROL_SECONDS
        return True

    async def _offset(self, header: Header) -> int:
        if header.id not in self._offsets or header.id in self._unsure:
            self._offsets[header.id] = await self._results.run(partial(shipped_bytes, header=header))
            self._unsure.discard(header.id)
        return self._offsets[header.id]

    async def _ship(self, header: Header, piece: Piece) -> bool:
        """Ship a piece; False if another shipper moved the offset first. An error leaves it unsure what committed."""
        self._unsure.add(header.id)
        if not await self._results.run(partial(ship_piece, header=header, piece=piece)):
            return False
        self._unsure.discard(header.id)
        self._offsets[header.id] = piece.end
        return True

    def _tidy_headless(self, segment: SegmentReader) -> None:
        """Remove a file that ended before its header was whole; keep one that may hold records out of the way."""
        if segment.size <= HEADER_BYTES:
            self._remove(segment)
            return
        LOGGER.error("audit: segment %s cannot be read; it is kept as %s", segment.path.name, DAMAGED_SUFFIX)
        segment.set_aside()

    def _remove(self, segment: SegmentReader) -> None:
        segment.remove()
        self._reached.pop(segment.path, None)
        self.done.segments_removed += 1


def _sizes(folder: Path) -> dict[Path, int]:
    sizes = {}
    for path in segment_paths(folder):
        with suppress(FileNotFoundError):
            sizes[path] = path.stat().st_size
    return sizes


def _tell_damage(segment: SegmentReader, piece: Piece) -> None:
    if piece.damaged or piece.tail:
        LOGGER.error(
            "audit: segment %s, bytes %d to %d: %d are of no whole record, and left out",
            segment.path.name,
            piece.start,
            piece.end + piece.tail,
            piece.damaged + piece.tail,
        )


def _tell_failure(error: Exception, *, before: str) -> str:
    """Log a failure of a new kind; a statement's text and values never."""
    text = str(error) if isinstance(error, StoreUnavailableError) else type(error).__name__
    if text != before:
        LOGGER.warning("audit: waits for PostgreSQL (%s)", text)
    return text
