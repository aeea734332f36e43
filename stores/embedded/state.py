"""The state file of the embedded servers: addresses, secrets and process records, mode 0600.

``settings`` holds what `contracts.settings` fills in while the servers run, and is empty while they do not;
``servers`` holds each server's own record, kept over restarts.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from contracts.errors import SettingsError
from contracts.settings import PREFIX, damaged_state, embedded_state_path, read_embedded_state
from stores.embedded.processes import ProcessRecord

SERVERS_FOLDER = "embutidos"


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """One server: its process while it runs, its port, its secrets, and its own folder if it lies elsewhere.

    ``is_ready`` says that its users and databases were made; ``home`` is a folder outside ``var``.
    """

    process: ProcessRecord | None = None
    port: int | None = None
    secrets: dict[str, str] = field(default_factory=dict)
    is_ready: bool = False
    home: str | None = None

    def with_changes(self, **changes: Any) -> ServerRecord:
        """Return a copy with some fields replaced."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class State:
    """All that the state file holds."""

    settings: dict[str, str] = field(default_factory=dict)
    servers: dict[str, ServerRecord] = field(default_factory=dict)


def servers_folder(var: Path) -> Path:
    """Return the folder that holds every embedded server's data and logs."""
    return var.resolve() / SERVERS_FOLDER


def read_state(var: Path) -> State:
    """Return the state, empty if there is none; SettingsError if the file cannot be read or is not ours."""
    body = read_embedded_state(var)
    if body is None:
        return State()
    try:
        servers = {name: _read_server(record) for name, record in body["servers"].items()}
    except (KeyError, TypeError, AttributeError):
        raise damaged_state(embedded_state_path(var)) from None
    return State(dict(body["settings"]), servers)


def write_state(var: Path, state: State) -> None:
    """Replace the state file in one step, readable by its owner alone; SettingsError if ``var`` takes no files."""
    path = embedded_state_path(var)
    fresh = path.with_suffix(".novo")
    with _writing_below(var):
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(state), file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


class StateBook:
    """The state while servers start or stop side by side: every change is on disk before the next step."""

    def __init__(self, var: Path) -> None:
        self._var = var
        self._lock = threading.Lock()
        self._state = read_state(var)

    @property
    def servers(self) -> Mapping[str, ServerRecord]:
        """Return every known server's record by its name."""
        return self._state.servers

    def remember(self, name: str, record: ServerRecord) -> None:
        """Keep a server's record."""
        with self._lock:
            self._state = State(self._state.settings, {**self._state.servers, name: record})
            write_state(self._var, self._state)

    def publish(self, settings: Mapping[str, str]) -> None:
        """Replace the settings that lead to the running servers."""
        with self._lock:
            self._state = State(dict(settings), self._state.servers)
            write_state(self._var, self._state)


@contextmanager
def exclusive_state(var: Path) -> Iterator[None]:
    """Hold the right to start and stop servers; a second process waits for the first."""
    with _writing_below(var):
        folder = _make_folders(var)
        lock = (folder / "trava").open("w")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_folders(var: Path) -> Path:
    """Return the servers' folder; as root, PostgreSQL's account may pass through it, but nobody may list it."""
    passage = 0o711 if os.geteuid() == 0 else 0o700
    folder = servers_folder(var)
    if not folder.parent.exists():
        folder.parent.mkdir(parents=True)
        folder.parent.chmod(passage)
    folder.mkdir(exist_ok=True)
    folder.chmod(passage)
    return folder


@contextmanager
def _writing_below(var: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError([f"{PREFIX}VAR: {var} takes no files ({error.strerror})"]) from None


def _read_server(body: dict[str, Any]) -> ServerRecord:
    process = body["process"]
    return ServerRecord(**{**body, "process": ProcessRecord(**process) if process else None})
