"""What every embedded server can do, and the part that all of them do alike."""

from __future__ import annotations

import secrets
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import psutil

from contracts.errors import StoreUnavailableError
from stores.embedded.processes import is_running, stop_family, stop_process, wait_until
from stores.embedded.state import ServerRecord

HOST = "127.0.0.1"
LOG_NAME = "servidor.log"
START_SECONDS = 90.0
START_ATTEMPTS = 3
ANSWER_SECONDS = 10.0
"""How long a server that runs already may take to answer before it is started anew."""


class EmbeddedServer(ABC):
    """One kind of server; its folder holds data and log, its record what must be remembered."""

    name: ClassVar[str]
    secret_names: ClassVar[tuple[str, ...]] = ()
    opening_names: ClassVar[tuple[str, ...] | None] = None
    """Of these, those that open the data; None for all. Others are made where they are missing."""
    data_name: ClassVar[str] = "dados"
    """Folder in the server's home that its first start makes, and that only its secrets open."""
    stop_signals: ClassVar[Sequence[tuple[signal.Signals, float]]] = ((signal.SIGTERM, 20.0),)
    discard_signals: ClassVar[Sequence[tuple[signal.Signals, float]]] = ()
    """What it is told where its data are deleted next: nothing is worth writing down. Then it is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, record: ServerRecord, remember: Callable[[ServerRecord], None]) -> ServerRecord:
        """Return the record of the server running and ready; a running one is left alone.

        ``remember`` gets the record before and after each process is started, so that none is ever lost.
        """
        if self._becomes_ready(record, seconds=ANSWER_SECONDS):
            return record
        record = self.stop(record)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = {name: secrets.token_urlsafe(24) for name in self.secret_names if name not in record.secrets}
        record = record.with_changes(secrets={**record.secrets, **made}, is_ready=record.is_ready and not made)
        remember(record)
        for _ in range(START_ATTEMPTS):
            record = self.launch(record)
            remember(record)
            if self._becomes_ready(record, seconds=START_SECONDS):
                record = record.with_changes(is_ready=True)
                remember(record)
                return record
            record = self.stop(record)
            remember(record)
        raise StoreUnavailableError(f"embedded {self.name} does not start: see {self.log_path(record)}")

    def stop(self, record: ServerRecord, *, discard: bool = False) -> ServerRecord:
        """Stop the server, recorded or not, wait until it is gone, and return its record without a process.

        ``discard`` is for data that are deleted next: they may be left as after a crash.
        """
        signals = self.discard_signals if discard else self.stop_signals
        if record.process is not None:
            stop_process(record.process, signals=signals)
        for stray in self.find(record):
            stop_family(stray, signals=signals)
        return record.with_changes(process=None)

    def strays(self, record: ServerRecord) -> list[int]:
        """Return the ids of live servers on our folder of which the record does not know."""
        return [] if is_running(record.process) else [process.pid for process in self.find(record)]

    def has_lost_secrets(self, record: ServerRecord) -> bool:
        """Return whether there are data that the secrets in the record do not open."""
        opening = self.secret_names if self.opening_names is None else self.opening_names
        missing = set(opening) - set(record.secrets)
        return bool(missing) and (self.home(record) / self.data_name).exists()

    def home(self, record: ServerRecord) -> Path:
        """Return where data and log lie."""
        return Path(record.home) if record.home else self.folder

    @abstractmethod
    def find(self, record: ServerRecord) -> list[psutil.Process]:
        """Return the server's live processes on our folder, by their command lines alone."""

    def log_path(self, record: ServerRecord) -> Path:
        """Return where the server writes what it has to say."""
        return self.home(record) / LOG_NAME

    @abstractmethod
    def launch(self, record: ServerRecord) -> ServerRecord:
        """Make what is missing, start the process on a free port and return the record of it."""

    @abstractmethod
    def is_ready(self, record: ServerRecord) -> bool:
        """Return whether the server answers with our credentials; must come back within seconds."""

    @abstractmethod
    def settings(self, record: ServerRecord) -> dict[str, str]:
        """Return the settings (field name: value) that lead to the running server."""

    def narrow_settings(self, record: ServerRecord) -> dict[str, str]:  # noqa: ARG002 - most have none
        """Return the settings of narrower logins, which come before `settings` in the state file."""
        return {}

    def _becomes_ready(self, record: ServerRecord, *, seconds: float) -> bool:
        wait_until(lambda: not is_running(record.process) or self.is_ready(record), seconds=seconds)
        return is_running(record.process) and self.is_ready(record)
