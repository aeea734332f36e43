"""PostgreSQL from the wheel: one server with the databases of Bases A and B and of the results.

Loopback TCP only, SCRAM passwords, no Unix socket (their paths may be too long). Base A lives here only in
the embedded form; in production it is Oracle.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import psutil
import psycopg2

from contracts.errors import StoreUnavailableError
from stores.embedded.accounts import place_home, place_programs, run_as, unprivileged_account
from stores.embedded.processes import Account, find_processes, free_port, start_detached, wait_for_orphans
from stores.embedded.roles import API_DATABASE, API_LOGIN, LOGINS, ROLES, SETTINGS, SUPERUSER, provision
from stores.embedded.server import HOST, LOG_NAME, EmbeddedServer
from stores.embedded.state import ServerRecord

ORPHAN_SECONDS = 20.0
CONFIGURATION = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
    "max_parallel_workers_per_gather": "0",  # the engine is parallel itself, and /dev/shm is small in containers
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_min_error_statement": "panic",  # statements and row values may hold personal data
    "log_min_messages": "log",  # an error's own text may quote a value: it goes to the client, and not into the log
    "log_error_verbosity": "terse",
}


class PostgresServer(EmbeddedServer):
    """Runs `initdb` once, then `postgres`; as root, under an unprivileged account."""

    name: ClassVar[str] = "postgresql"
    secret_names: ClassVar[tuple[str, ...]] = (SUPERUSER, *LOGINS)
    opening_names: ClassVar[tuple[str, ...] | None] = (SUPERUSER,)
    discard_signals: ClassVar[Sequence[tuple[signal.Signals, float]]] = ((signal.SIGQUIT, 10.0),)
    stop_signals: ClassVar[Sequence[tuple[signal.Signals, float]]] = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))

    def launch(self, record: ServerRecord) -> ServerRecord:
        """Start the server, after `initdb` on a fresh folder; StoreUnavailableError if that fails."""
        account = unprivileged_account()
        home = self._place_home(record, account)
        programs = place_programs(home, account)
        data = home / "dados"
        if not data.exists():
            _create_cluster(programs, data, account=account, password=record.secrets[SUPERUSER])
        if not wait_for_orphans(data, seconds=ORPHAN_SECONDS) or self.find(record):
            raise StoreUnavailableError(f"a process still works in {data}: stop it with `escore down`")
        (data / "postmaster.pid").unlink(missing_ok=True)  # of a process that we know to be gone
        port = free_port(record.port)
        process = start_detached(
            [str(programs / "postgres"), "-D", str(data), "-p", str(port), *_options()],
            log=home / LOG_NAME,
            mark=str(data),
            account=account,
            environment={"LC_ALL": "C", "PATH": os.defpath},
        )
        return record.with_changes(process=process, port=port, home=None if home == self.folder else str(home))

    def is_ready(self, record: ServerRecord) -> bool:
        """Return whether a login as superuser works; the first one also makes roles and databases."""
        try:
            provision(record, only_check=record.is_ready)
        except psycopg2.OperationalError:
            return False
        return True

    def settings(self, record: ServerRecord) -> dict[str, str]:
        """Return the engine's and the owners' URLs of the three databases."""
        urls = {}
        for store, database in SETTINGS.items():
            owner, reader = ROLES[database]
            urls[f"{store}_url"] = role_url(record, reader, database)
            urls[f"{store}_admin_url"] = role_url(record, owner, database)
        return urls

    def narrow_settings(self, record: ServerRecord) -> dict[str, str]:
        """Return the API's URL of the results; none for a server that an earlier version started without the role."""
        if API_LOGIN not in record.secrets:
            return {}
        return {"results_api_url": role_url(record, API_LOGIN, API_DATABASE)}

    def find(self, record: ServerRecord) -> list[psutil.Process]:
        """Return the servers on our data; the processes that one starts for itself go with it."""
        return find_processes("postgres", f"-D {self.home(record) / self.data_name}")

    def home(self, record: ServerRecord) -> Path:
        """Return where data and log lie: the folder outside ``var`` if there is one, even if the record lost it."""
        if record.home:
            return Path(record.home)
        return self.pointer.readlink() if self.pointer.is_symlink() else self.folder

    @property
    def pointer(self) -> Path:
        """Return the link to the folder outside ``var``; it lies where PostgreSQL's account cannot change it."""
        return self.folder.with_name(f"{self.name}.fora")

    def _place_home(self, record: ServerRecord, account: Account | None) -> Path:
        home = self.home(record)
        if home == self.folder or not home.is_dir():
            home = place_home(self.folder, account)
        if home != self.folder:
            self.pointer.unlink(missing_ok=True)
            self.pointer.symlink_to(home)
        return home


def role_url(record: ServerRecord, role: str, database: str) -> str:
    """Return a role's URL for one database."""
    return f"postgresql+psycopg2://{role}:{record.secrets[role]}@{HOST}:{record.port}/{database}"


def _options() -> list[str]:
    return [part for name, value in CONFIGURATION.items() for part in ("-c", f"{name}={value}")]


def _create_cluster(programs: Path, data: Path, *, account: Account | None, password: str) -> None:
    """Run `initdb` in a folder that gets its final name only when all is done."""
    unfinished = data.with_name("dados.incompleto")
    password_file = data.with_name("senha")
    password_file.unlink(missing_ok=True)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    if account:
        os.chown(password_file, account.uid, account.gid)
    run_as(account, "rm", "-rf", str(unfinished))
    result = run_as(
        account,
        str(programs / "initdb"),
        *("-D", str(unfinished), "-U", SUPERUSER, f"--pwfile={password_file}", "--auth=scram-sha-256", "-E", "UTF8"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync", "--no-instructions"),
    )
    password_file.unlink()
    if result.returncode != 0:
        raise StoreUnavailableError(f"initdb failed: {result.stderr.strip()[-500:]}")
    unfinished.rename(data)
