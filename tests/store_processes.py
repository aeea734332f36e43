"""Store servers of a test's own, each in its own process: to be killed, stopped and started without harm to others."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

from stores.embedded.mongo import MongoServer
from stores.embedded.postgres import PostgresServer, role_url
from stores.embedded.processes import is_running, wait_until
from stores.embedded.roles import SUPERUSER
from stores.embedded.server import EmbeddedServer
from stores.embedded.state import ServerRecord
from stores.embedded.valkey import ValkeyServer

END_SECONDS = 10.0
KINDS: tuple[type[EmbeddedServer], ...] = (PostgresServer, ValkeyServer, MongoServer)


class StoreProcess:
    """One embedded server below a folder of its own; it starts again on its data and its port.

    As a context manager it starts the server, and erases it at the end.
    """

    def __init__(self, kind: type[EmbeddedServer], folder: Path) -> None:
        self._server = kind(folder)
        self._record = ServerRecord()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.erase()

    @property
    def port(self) -> int:
        """Return the port, the same over restarts."""
        assert self._record.port is not None
        return self._record.port

    @property
    def urls(self) -> dict[str, str]:
        """Return the settings (field: URL) that the server fills."""
        return self._server.settings(self._record)

    @property
    def root_url(self) -> str:
        """Return the superuser's URL of a PostgreSQL."""
        return role_url(self._record, SUPERUSER, "postgres")

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return self._server.log_path(self._record)

    def start(self) -> None:
        """Start the server, or start it again, and return once it answers."""
        self._record = self._server.start(self._record, self._remember)

    def erase(self) -> None:
        """End the server at once and delete its data, wherever they lie."""
        self.kill()
        shutil.rmtree(self._server.home(self._record), ignore_errors=True)

    def kill(self) -> None:
        """End the server and its children with SIGKILL, as a crash does, and return once they are gone."""
        family = self._family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        assert wait_until(lambda: not any(map(_is_alive, family)), seconds=END_SECONDS)

    def freeze(self) -> None:
        """Stop the server and its children with SIGSTOP: the kernel still accepts, nobody answers.

        The server is stopped before its children are looked for, so that none is born unseen.
        """
        for process in self._family()[:1]:
            process.send_signal(signal.SIGSTOP)
        for process in self._family()[1:]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        for process in reversed(self._family()):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)

    def _remember(self, record: ServerRecord) -> None:
        self._record = record

    def _family(self) -> list[psutil.Process]:
        """Return the server first, so that it makes no children while they are dealt with."""
        if self._record.process is None or not is_running(self._record.process):
            return []
        server = psutil.Process(self._record.process.pid)
        return [server, *server.children(recursive=True)]


@contextmanager
def store_processes(kinds: Mapping[str, type[EmbeddedServer]], folder: Path) -> Iterator[dict[str, StoreProcess]]:
    """Start servers side by side, each below a folder that is made for them; erase all at the end."""
    with ExitStack() as stack:
        folder.mkdir(parents=True)
        folder.chmod(0o711)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stores = {name: StoreProcess(kind, folder / name / kind.name) for name, kind in kinds.items()}
        for store in stores.values():
            stack.callback(store.erase)
        with ThreadPoolExecutor(len(stores)) as pool:
            list(pool.map(StoreProcess.start, stores.values()))
        yield stores


def erase_left_behind(folder: Path) -> None:
    """End and delete every server below a folder whose test session was killed."""
    for kind in KINDS:
        for place in folder.glob(f"**/{kind.name}"):
            server, unknown = kind(place), ServerRecord()
            for process in server.find(unknown):
                process.kill()
            shutil.rmtree(server.home(unknown), ignore_errors=True)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
