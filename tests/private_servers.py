"""PostgreSQL and Redis of one test file's own, in a temporary folder: with TLS where the system's packages have it.

The wheels' servers speak no TLS; Debian's do (`scripts/install-tls-servers`). As root PostgreSQL runs as another user.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import redis

from stores.embedded.accounts import place_programs, run_as, unprivileged_account
from tests.certificates import Certificate

INSTALL = "run `scripts/install-tls-servers`"
START_SECONDS = 30.0
ROOT = "raiz"


def system_postgres() -> Path | None:
    """Return the folder of the newest PostgreSQL of the system's packages, None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def system_redis() -> Path | None:
    """Return a Redis of the system's packages; Debian's `redis-tools` has it too, under the name of its checker."""
    found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    return Path(found) if found else None


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PrivatePostgres:
    """A running cluster; its superuser comes in by a Unix socket, everybody else by TCP with a password."""

    def __init__(self, programs: Path, folder: Path, *, port: int) -> None:
        self.programs = programs
        self.folder = folder
        self.port = port
        self._account = unprivileged_account()

    def configure(self, access: str, **settings: str) -> None:
        """Write who may come in and the settings, and have the server read them if it runs."""
        data = self.folder / "dados"
        self._write(data / "pg_hba.conf", f"local all {ROOT} trust\n{access}")
        self._write(data / "postgresql.auto.conf", "".join(f"{name} = '{value}'\n" for name, value in settings.items()))

    def present(self, certificate: Certificate, **settings: str) -> None:
        """Have the server show this certificate from the next connection on."""
        for source, name in ((certificate.certificate, "servidor.pem"), (certificate.key, "servidor.key")):
            self._write(self.folder / name, source.read_text())
        self.reload(**settings)

    def reload(self, **settings: str) -> None:
        """Change settings, and wait until new connections see them."""
        with self.root() as cursor:
            for name, value in settings.items():
                cursor.execute(f"alter system set {name} = '{value}'")
            cursor.execute("select pg_conf_load_time()")
            (before,) = cursor.fetchone()
            cursor.execute("select pg_reload_conf()")
            until = time.monotonic() + START_SECONDS
            while time.monotonic() < until:
                cursor.execute("select pg_conf_load_time()")
                if cursor.fetchone()[0] > before:
                    return
                time.sleep(0.01)
        raise AssertionError("the server did not read its configuration again")

    @contextmanager
    def root(self, database: str = "postgres") -> Iterator[psycopg2.extensions.cursor]:
        """Yield a cursor of the superuser."""
        connection = psycopg2.connect(host=str(self.folder), port=self.port, user=ROOT, dbname=database)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def run_script(self, script: Path, variables: Mapping[str, str]) -> None:
        """Run a script of `deploy/sql` as its first lines say, by psql as the superuser; every error ends it."""
        given = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
        address = ("-h", str(self.folder), "-p", str(self.port), "-U", ROOT, "-d", "postgres")
        done = subprocess.run(
            [self.programs / "psql", "-qX", "-v", "ON_ERROR_STOP=1", *given, *address, "-f", script],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr

    def url(self, user: str, password: str, database: str, *, host: str = "localhost", options: str = "") -> str:
        """Return a SQLAlchemy URL that leads here."""
        query = f"?{options}" if options else ""
        return f"postgresql+psycopg2://{user}:{password}@{host}:{self.port}/{database}{query}"

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o600)
        if self._account:
            os.chown(path, self._account.uid, self._account.gid)


@contextmanager
def private_postgres(
    programs: Path | None, *, access: str, prepare: Callable[[PrivatePostgres], dict[str, str]] = lambda _server: {}
) -> Iterator[PrivatePostgres]:
    """Yield a server of these programs (None: the wheel's); ``prepare`` returns settings before it starts."""
    account = unprivileged_account()
    folder = Path(tempfile.mkdtemp(prefix="escore-pg-", dir="/tmp"))  # a socket's path must be short
    if account:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o755)
    server = PrivatePostgres(programs or place_programs(folder, account), folder, port=free_port())
    try:
        options = ("-U", ROOT, "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync", "--no-instructions")
        done = run_as(account, str(server.programs / "initdb"), "-D", str(folder / "dados"), *options)
        assert done.returncode == 0, done.stderr
        settings = {"fsync": "off", "max_connections": "60", "shared_buffers": "64MB", "log_error_verbosity": "terse"}
        server.configure(access, **settings, **prepare(server))
        where = ["-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=localhost", "-p", str(server.port)]
        with (
            (folder / "log").open("wb") as log,
            _process(
                [str(server.programs / "postgres"), "-D", str(folder / "dados"), *where],
                stop=signal.SIGINT,
                stderr=log,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            ) as process,
        ):
            _wait(process, lambda: _select_one(server), folder / "log")
            yield server
    finally:
        shutil.rmtree(folder)


class PrivateRedis:
    """A running Redis; its administrator's password is known here alone."""

    def __init__(self, *, port: int, is_tls: bool) -> None:
        self.port = port
        self.is_tls = is_tls
        self.password = secrets.token_urlsafe(16)

    def url(self, user: str = "", password: str = "", *, host: str = "localhost", options: str = "") -> str:
        """Return a URL that leads here; without a user, the administrator's."""
        scheme = "rediss" if self.is_tls else "redis"
        query = f"?{options}" if options else ""
        return f"{scheme}://{user}:{password or self.password}@{host}:{self.port}/0{query}"

    def root(self) -> redis.Redis:
        """Return an administrator's client, which looks at no certificate."""
        return redis.Redis.from_url(self.url(options="ssl_cert_reqs=none" if self.is_tls else ""))

    def present(self, certificate: Certificate) -> None:
        """Have the server show this certificate from the next connection on."""
        with self.root() as client:
            client.config_set("tls-cert-file", str(certificate.certificate), "tls-key-file", str(certificate.key))


@contextmanager
def private_redis(
    program: Path, folder: Path, *, certificate: Certificate | None = None, trusted: Path | None = None, users: str = ""
) -> Iterator[PrivateRedis]:
    """Yield a server, with TLS alone if it is given a certificate; ``users`` are lines of its ACL."""
    server = PrivateRedis(port=free_port(), is_tls=certificate is not None)
    command = folder / "redis-server"
    command.symlink_to(program)
    lines = [f'dir "{folder}"', "bind 127.0.0.1", 'save ""', "appendonly no", *users.splitlines()]
    lines.append(f"user default on >{server.password} ~* &* +@all")
    if certificate is None:
        lines.append(f"port {server.port}")
    else:
        lines += ["port 0", f"tls-port {server.port}", "tls-auth-clients no"]
        lines += [f"tls-cert-file {certificate.certificate}", f"tls-key-file {certificate.key}"]
        lines += [f"tls-ca-cert-file {trusted}"]
    configuration = folder / "redis.conf"
    configuration.touch(0o600)
    configuration.write_text("\n".join(lines) + "\n")
    with (folder / "log").open("wb") as log, _process([str(command), str(configuration)], stdout=log) as process:
        _wait(process, lambda: _ping(server), folder / "log")
        yield server


@contextmanager
def _process(
    command: list[str], *, stop: signal.Signals = signal.SIGTERM, **options: object
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd="/", **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _wait(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while not is_ready():
        is_late = process.poll() is not None or time.monotonic() > until
        assert not is_late, log.read_text("utf-8", "replace")
        time.sleep(0.02)


def _select_one(server: PrivatePostgres) -> bool:
    try:
        with server.root() as cursor:
            cursor.execute("select 1")
    except psycopg2.OperationalError:
        return False
    return True


def _ping(server: PrivateRedis) -> bool:
    try:
        with server.root() as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False
