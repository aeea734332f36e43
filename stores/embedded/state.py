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

from contracts.errors import DataIntegrityError
from contracts.settings import embedded_state_path
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
    """Return the state, empty if there is none; DataIntegrityError if the file is not ours."""
    path = embedded_state_path(var)
    if not path.exists():
        return State()
    try:
        body = json.loads(path.read_text())
        servers = {name: _read_server(record) for name, record in body["servers"].items()}
        return State(dict(body["settings"]), servers)
    except (ValueError, KeyError, TypeError) as error:
        raise DataIntegrityError(f"{path}: not a state file of the embedded servers") from error


def write_state(var: Path, state: State) -> None:
    """Replace the state file in one step, readable by its owner alone."""
    path = embedded_state_path(var)
    fresh = path.with_suffix(".novo")
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
    folder = servers_folder(var)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "trava").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_server(body: dict[str, Any]) -> ServerRecord:
    process = body["process"]
    return ServerRecord(**{**body, "process": ProcessRecord(**process) if process else None})
