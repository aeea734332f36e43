"""Keeps every file that appears below some folders, those too that are deleted again: a watch while work goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PAUSE_SECONDS = 0.02


@contextmanager
def watched(folders: Collection[Path], kept: Path, *, leave_out: Collection[str] = ()) -> Iterator[None]:
    """Give every file below the folders a second name below ``kept``, under which it outlives its deletion.

    ``leave_out`` names folders that are not looked into. All must lie on one file system. A file that lives
    shorter than the pause between two looks is missed.
    """
    kept.mkdir(parents=True)
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(tuple(folders), kept, frozenset(leave_out), over))
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(folders: tuple[Path, ...], kept: Path, leave_out: frozenset[str], over: threading.Event) -> None:
    seen: set[int] = set()
    while True:
        last = over.is_set()
        for folder in folders:
            for file in _files(folder, leave_out):
                if file.inode() not in seen:
                    with suppress(FileNotFoundError):
                        os.link(file.path, kept / f"{file.inode()}-{file.name}", follow_symlinks=False)
                        seen.add(file.inode())
        if last:
            return
        over.wait(_PAUSE_SECONDS)


def _files(folder: Path | str, leave_out: frozenset[str]) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in leave_out:
                    yield from _files(entry.path, leave_out)
            elif entry.is_file(follow_symlinks=False):
                yield entry
