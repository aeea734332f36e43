"""The journal: every read is in a file of this process before its answer leaves, by one ``write``.

What ``write`` took is the kernel's: it outlives the process, however that ends (kill -9, a fault, memory run
out). With ``fsync`` it outlives the machine's end too: the answer waits until the disk has it.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from contracts.errors import StoreUnavailableError
from serve.auditing.entry import AuditEntry
from serve.auditing.group_sync import GroupSync
from serve.auditing.journal_format import encode_entry
from serve.auditing.segment import LiveSegment, prepare_folder

SEGMENT_BYTES = 16 << 20
"""A segment longer than this is ended and a new one begun: some 80,000 reads."""

LOGGER = logging.getLogger("escore.audit")


class AuditJournal:
    """Appends entries to this process's segment; for one event loop's thread. It opens at the first entry."""

    def __init__(
        self, folder: Path, *, fsync: bool = False, max_bytes: int = 1 << 30, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._sync = GroupSync() if fsync else None
        self._segment: LiveSegment | None = None
        self._is_closed = False
        self.bytes_waiting = 0
        """Bytes in the folder that are not in PostgreSQL yet: counted up here, set by whoever ships."""

    @property
    def path(self) -> Path | None:
        """Return the segment that is written to, if there is one."""
        return None if self._segment is None else self._segment.path

    def open(self) -> None:
        """Make the folder and begin a segment; SettingsError if that cannot be done."""
        prepare_folder(self._folder)
        self._segment = self._segment or self._begin()

    async def record(self, entry: AuditEntry) -> None:
        """Keep an entry; StoreUnavailableError if that cannot be done. A read of nobody leaves nothing."""
        if not entry.subjects:
            return
        segment = self._append(entry)
        if self._sync is None:
            return
        try:
            await self._sync.wait(segment)
        except (OSError, TimeoutError) as error:
            if segment is self._segment:
                self._end_segment()
            raise _refusal(error) from None

    def drop_if_deleted(self) -> None:
        """Begin another segment if somebody removed this one's file, and say so."""
        if self._segment is not None and self._segment.is_deleted:
            LOGGER.error("audit: the file of segment %s was removed while in use", self._segment.path.name)
            self._end_segment()

    def can_record(self) -> bool:
        """Return whether an entry could be kept now; begins another segment where the last one is gone."""
        self.drop_if_deleted()
        if self.bytes_waiting >= self._max_bytes:
            return False
        try:
            self._segment = self._segment or self._begin()
        except StoreUnavailableError as error:
            LOGGER.error("%s", error)
            return False
        return True

    async def close(self) -> None:
        """Take no more entries, and leave the segment to whoever ships."""
        self._is_closed = True
        if self._segment is not None:
            self._end_segment()
        if self._sync is not None:
            await self._sync.close()

    def _append(self, entry: AuditEntry) -> LiveSegment:
        if self._segment is not None and self._segment.size >= self._segment_bytes:
            self._end_segment()
        segment = self._segment = self._segment or self._begin()
        record = encode_entry(entry, segment.seed)
        if self.bytes_waiting + len(record) > self._max_bytes:
            raise StoreUnavailableError("audit: PostgreSQL has not taken what waits, and no more may wait")
        try:
            segment.append(record)
        except OSError as error:
            self._end_segment()
            raise _refusal(error) from None
        self.bytes_waiting += len(record)
        return segment

    def _begin(self) -> LiveSegment:
        if self._is_closed:
            raise StoreUnavailableError("audit: the journal is closed")
        try:
            return LiveSegment.create(self._folder)
        except OSError as error:
            raise _refusal(error) from None

    def _end_segment(self) -> None:
        if self._segment is not None:
            self._segment.retire()
            self._segment = None


def _refusal(error: OSError) -> StoreUnavailableError:
    reason = os.strerror(error.errno) if error.errno else "no answer in time"
    return StoreUnavailableError(f"audit: the journal cannot be written ({reason})")
