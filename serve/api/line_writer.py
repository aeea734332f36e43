"""Lines on their way to standard error: taken at once, written in blocks by a thread that nobody waits for."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

INTERVAL_SECONDS = 0.1
MOST_LINES = 100_000
"""Lines held while nobody reads them, 20 MB; what comes then is dropped and counted."""
LAST_SECONDS = 1.0
"""How long the end of a process waits for its last lines to be written."""


class LineWriter:
    """Writes lines to a file descriptor, at once or, within ``buffered``, a tenth of a second later."""

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._users = 0
        self._starting = threading.Lock()
        self._writing = threading.Lock()
        self._is_waked = False
        self._wake = threading.Event()
        self._urgent = threading.Event()
        self._thread: threading.Thread | None = None

    def write(self, line: str, *, urgent: bool = False) -> None:
        """Take a line, which ends in a line feed; an urgent one is written as soon as a thread can."""
        if self._thread is None:
            self._lines.append(line)
            self.flush()
            return
        if len(self._lines) < MOST_LINES:
            self._lines.append(line)
        else:
            self._dropped += 1
        if urgent:
            self._urgent.set()
        if not self._is_waked:
            self._is_waked = True
            self._wake.set()

    def flush(self) -> None:
        """Write what waits; lines that the descriptor refuses are lost, for there is nowhere to say so."""
        with self._writing:
            block = "".join([self._lines.popleft() for _ in range(len(self._lines))])
            if self._dropped:
                block, self._dropped = f"{block}({self._dropped} lines dropped)\n", 0
            data = block.encode("utf-8", "replace")
            with suppress(OSError):
                while data:
                    data = data[os.write(self._descriptor, data) :]

    @contextmanager
    def buffered(self) -> Iterator[None]:
        """Write in blocks from a thread while the context lasts; then write what is left."""
        with self._starting:
            self._users += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="escore-log", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._starting:
            self._users -= 1
            thread = self._thread
            if self._users or thread is None:
                self._urgent.set()
                return
            self._thread = None
            self._urgent.set()
            self._wake.set()
            thread.join(LAST_SECONDS)

    def _run(self) -> None:
        while self._thread is threading.current_thread():
            self._wake.wait()
            self._urgent.wait(INTERVAL_SECONDS)
            self._urgent.clear()
            self._wake.clear()
            self._is_waked = False
            self.flush()
        self.flush()


STANDARD_ERROR = LineWriter()
"""A process has one standard error, hence one writer of it; nothing is written before the first line."""
