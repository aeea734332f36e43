"""A journal's segments as they are written: each file by one process, which holds its lock.

The lock (``flock``) ends with the process, whatever ends it: a segment whose lock is free is over. A file's name
is of no account beyond its ending; what a segment is, its header says.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from contracts.errors import SettingsError
from serve.auditing.journal_format import Header, encode_header
from stores.run_ids import new_run_id

SUFFIX = ".diario"
SETTING = "SCORE_AUDIT_DIR"
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ATTEMPTS = 5
_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class LiveSegment:
    """A segment of this process, open for appending; for one thread."""

    def __init__(self, path: Path, descriptor: int, header: Header) -> None:
        self.path = path
        self.seed = header.seed
        self.size = 0
        self._descriptor = descriptor
        self._header_size = header.size
        self._holders = 0
        self._is_retired = False
        self._name_is_kept = False

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make a segment, lock it and write its header; OSError if any of that fails, and nothing is left."""
        for _ in range(_ATTEMPTS):
            started = datetime.now(UTC)
            segment = new_run_id(started)
            path = folder / f"{segment}{SUFFIX}"
            descriptor = os.open(path, _FLAGS, 0o600)
            if take_lock(descriptor) and os.fstat(descriptor).st_nlink:
                break
            os.close(descriptor)  # a shipper saw it before it was locked, and tidied the empty file away
        else:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        header = encode_header(segment, started)
        made = cls(path, descriptor, Header(segment, started, len(header)))
        try:
            made.append(header)
        except OSError:
            made.retire()
            raise
        return made

    @property
    def is_deleted(self) -> bool:
        """Return whether somebody removed the file: what is written to it would end with the process."""
        return os.fstat(self._descriptor).st_nlink == 0

    def append(self, record: bytes) -> None:
        """Write a record whole, in one call to the system; OSError if it was not, and then the segment is spoilt."""
        written = os.write(self._descriptor, record)
        if written != len(record):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += written

    def sync(self) -> None:
        """Wait until the disk holds all that was appended, and the file's name; for any thread. OSError."""
        _sync_data(self._descriptor)
        if not self._name_is_kept:
            sync_folder(self.path.parent)
            self._name_is_kept = True

    def hold(self) -> None:
        """Keep the file open, beyond the segment's end if need be, until it is let go."""
        self._holders += 1

    def let_go(self) -> None:
        """End a hold."""
        self._holders -= 1
        self._close_if_done()

    def retire(self) -> None:
        """Write no more to this segment; without a record in it, it goes."""
        self._is_retired = True
        if self.size <= self._header_size:
            self.path.unlink(missing_ok=True)
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._is_retired and not self._holders:
            os.close(self._descriptor)


def prepare_folder(folder: Path) -> None:
    """Make the journal's folder if there is none; SettingsError unless this process can write there, and no other user.

    Shared folders of a container platform may be open to all: then one below it serves.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & _OTHERS_MAY_WRITE:
            raise SettingsError(
                [f"{SETTING}: others may write to {folder}; name a folder below it, made with mode 700"]
            )
        LiveSegment.create(folder).retire()
    except OSError as error:
        raise SettingsError([f"{SETTING}: {folder} cannot be written ({os.strerror(error.errno or 0)})"]) from None


def segment_paths(folder: Path, suffix: str = SUFFIX) -> list[Path]:
    """Return the folder's segments, as a rule oldest first; none if there is no folder."""
    with suppress(FileNotFoundError):
        return sorted(path for path in folder.iterdir() if path.suffix == suffix)
    return []


def take_lock(descriptor: int) -> bool:
    """Lock an open segment unless its writer, or a shipper, holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Wait until the disk holds the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
