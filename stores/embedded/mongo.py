"""SecantusDB: MongoDB's protocol over WiredTiger, a separate process that nothing of the product imports.

Users can be made only while it runs without authentication, so the very first start happens twice: once
without, on an empty folder, to make them, then with.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any, ClassVar

import psutil
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from stores.embedded.processes import find_processes, free_port, start_detached, stop_process
from stores.embedded.server import HOST, LOG_NAME, EmbeddedServer
from stores.embedded.state import ServerRecord

DATABASE = "base_c"
ROOT = "escore_raiz"
OWNER = "escore_dono_c"
READER = "escore_leitor_c"
SELECTION_MILLISECONDS = 2000
UNFINISHED = "dados.incompleto"


class MongoServer(EmbeddedServer):
    """Runs the server's own module with our interpreter, which may be readable to us alone."""

    name: ClassVar[str] = "mongodb"
    secret_names: ClassVar[tuple[str, ...]] = (ROOT, OWNER, READER)

    def find(self, record: ServerRecord) -> list[psutil.Process]:  # noqa: ARG002 - its folder is always the same
        """Return the servers that store in our folder, finished or not."""
        folders = (self.folder / name for name in ("dados", UNFINISHED))
        return [process for folder in folders for process in find_processes("python", f"--storage-path {folder}")]

    def launch(self, record: ServerRecord) -> ServerRecord:
        """Start the server with authentication, after its users were made on a fresh folder."""
        if not (self.folder / "dados").exists():
            self._make_users(record)
        return self._spawn(record, "dados", "--auth")

    def is_ready(self, record: ServerRecord) -> bool:
        """Return whether the reader can log in and read."""
        return _reads(self.settings(record)["base_c_url"])

    def settings(self, record: ServerRecord) -> dict[str, str]:
        """Return the reader's and the owner's URL of Base C."""
        return {
            "base_c_url": mongo_url(record, READER, DATABASE),
            "base_c_admin_url": mongo_url(record, OWNER, DATABASE),
        }

    def _spawn(self, record: ServerRecord, data: str, *flags: str) -> ServerRecord:
        port = free_port(record.port)
        folder = self.folder / data
        # Without --sync-on-commit a killed server loses acknowledged writes; with it, inserts were no slower here.
        options = ["--host", HOST, "--port", str(port), "--storage-path", str(folder), "--cache-size", "512M"]
        process = start_detached(
            [sys.executable, "-m", "secantus", *options, "--sync-on-commit", "--log-level", "WARNING", *flags],
            log=self.folder / LOG_NAME,
            mark=str(folder),
            environment=_environment(),
        )
        return record.with_changes(process=process, port=port)

    def _make_users(self, record: ServerRecord) -> None:
        fresh = self.folder / UNFINISHED
        shutil.rmtree(fresh, ignore_errors=True)
        started = self._spawn(record, fresh.name)
        try:
            with MongoClient[dict[str, Any]](HOST, started.port, serverSelectionTimeoutMS=30_000) as client:
                make_user(client, ROOT, record.secrets[ROOT], [{"role": "root", "db": "admin"}])
                make_user(client, OWNER, record.secrets[OWNER], owner_roles(DATABASE))
                make_user(client, READER, record.secrets[READER], [{"role": "read", "db": DATABASE}])
        finally:
            if started.process is not None:
                stop_process(started.process, signals=self.stop_signals)
        fresh.rename(self.folder / "dados")


def mongo_url(record: ServerRecord, user: str, database: str) -> str:
    """Return a user's URL for one database."""
    return f"mongodb://{user}:{record.secrets[user]}@{HOST}:{record.port}/{database}?authSource=admin"


def owner_roles(database: str) -> list[dict[str, str]]:
    """Return the roles of who migrates and fills one database."""
    return [{"role": "readWrite", "db": database}, {"role": "dbAdmin", "db": database}]


def make_user(client: Any, name: str, password: str, roles: list[dict[str, str]]) -> None:
    """Create a user of the authentication database ``admin``."""
    client.admin.command("createUser", name, pwd=password, roles=roles)


def _environment() -> dict[str, str]:
    """Return our environment without what would lead the server's own settings or imports astray."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SECANTUS", "SCORE_", "PYTHON"))}


def _reads(url: str) -> bool:
    with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=SELECTION_MILLISECONDS) as client:
        try:
            client[DATABASE]["_migracoes"].find_one()
        except PyMongoError:
            return False
    return True
