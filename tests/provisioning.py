"""Databases, users and logical databases for one installation, made on embedded or real servers and dropped after."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
import sqlalchemy as sa
from pymongo import MongoClient

from contracts.settings import Settings, load_settings
from contracts.table_declaration import Store
from contracts.tables import tables_of
from stores.connections import sql_engine
from stores.embedded import erase_stores, start_stores
from stores.embedded.mongo import ROOT, make_user, mongo_url, owner_roles
from stores.embedded.postgres import role_url
from stores.embedded.roles import SUPERUSER, make_database
from stores.embedded.state import read_state
from stores.embedded.valkey import root_url as valkey_root_url
from stores.migrate import migrate

TIMEOUT = 20.0


class EmbeddedServers:
    """The session's embedded servers: started when first asked for, erased at the end."""

    def __init__(self, var: Path) -> None:
        self._var = var
        self._settings: Settings | None = None

    def settings(self) -> Settings:
        """Return the settings that lead to the servers."""
        if self._settings is None:
            start_stores(self._var, with_prefect=False, report=lambda _line: None)
            self._settings = load_settings({"var": self._var})
            _spare_the_disk(self.postgres_root())
        return self._settings

    def postgres_root(self) -> str:
        """Return PostgreSQL's superuser."""
        return role_url(read_state(self._var).servers["postgresql"], SUPERUSER, "postgres")

    def mongo_root(self) -> str:
        """Return SecantusDB's root."""
        return mongo_url(read_state(self._var).servers["mongodb"], ROOT, "admin")

    def redis_root(self) -> str:
        """Return Valkey's administrator."""
        return valkey_root_url(read_state(self._var).servers["valkey"])

    def erase(self) -> None:
        """Stop the servers and delete their data, also after a start that failed half-way."""
        erase_stores(self._var)


class Provisioner:
    """Knows each server's root login: a real server's where one is named, else the embedded one's."""

    def __init__(self, real: Mapping[str, str], embedded: EmbeddedServers, folder: Path) -> None:
        self._real = real
        self._embedded = embedded
        self._folder = folder
        self._free_redis: list[int] | None = None
        self._ends = False

    def end(self) -> None:
        """Leave from here on to the embedded servers' end what lies on them: they are erased whole."""
        self._ends = True

    @contextmanager
    def installation(self, name: str) -> Iterator[Settings]:
        """Yield settings of freshly migrated stores; drop them at the end."""
        token = f"{name.lower().replace('-', '_')}_{secrets.token_hex(3)}"
        with ExitStack() as stack:
            given: dict[str, object] = {
                "var": self._folder / token,
                "cache_key": secrets.token_urlsafe(32),
                "jwt_secret": secrets.token_urlsafe(32),
                "redis_url": stack.enter_context(self._redis_database()),
            }
            for store in ("base_a", "base_b", "results"):
                given |= stack.enter_context(self._relational(store, token))
            given |= stack.enter_context(self._documents(token))
            settings = load_settings(given)
            settings.var.mkdir()
            migrate(settings)
            if sa.make_url(str(given["base_a_url"])).get_backend_name() == "oracle":
                _make_synonyms(settings)
            yield settings

    def root_url(self, store: str) -> str:
        """Return the login that may make databases and users on the store's server."""
        if store in self._real:
            return self._real[store]
        self._embedded.settings()
        if store == "redis":
            return self._embedded.redis_root()
        return self._embedded.mongo_root() if store == "base_c" else self._embedded.postgres_root()

    def _relational(self, store: str, token: str) -> AbstractContextManager[dict[str, object]]:
        root = self.root_url(store)
        if root.startswith("oracle"):
            return _oracle_schema(root, token)
        return _postgres_database(root, store, token, drop=lambda: store in self._real or not self._ends)

    @contextmanager
    def _documents(self, token: str) -> Iterator[dict[str, object]]:
        root, database = self.root_url("base_c"), f"base_c_{token}"
        roles = {"base_c_admin_url": owner_roles(database), "base_c_url": [{"role": "read", "db": database}]}
        users = {field: f"{field[:-4]}_{token}" for field in roles}
        urls: dict[str, object] = {}
        with MongoClient(root, serverSelectionTimeoutMS=int(TIMEOUT * 1000)) as client:
            for field, user in users.items():
                password = secrets.token_urlsafe(16)
                make_user(client, user, password, roles[field])
                host, port = client.address
                urls[field] = f"mongodb://{user}:{password}@{host}:{port}/{database}?authSource=admin"
        try:
            yield urls
        finally:
            if "base_c" in self._real:  # the embedded server is erased whole, and drops a database document by document
                with MongoClient(root, serverSelectionTimeoutMS=int(TIMEOUT * 1000)) as client:
                    client.drop_database(database)
                    for user in users.values():
                        client.admin.command("dropUser", user)

    @contextmanager
    def _redis_database(self) -> Iterator[str]:
        parts = urlsplit(self.root_url("redis"))
        base = f"{parts.scheme}://{parts.netloc}"
        with redis.Redis.from_url(base) as client:
            if self._free_redis is None:
                self._free_redis = list(range(int(client.config_get("databases")["databases"])))[::-1]
        number = self._free_redis.pop(0)
        url = f"{base}/{number}"
        with redis.Redis.from_url(url) as client:
            client.flushdb()
            try:
                yield url
            finally:
                client.flushdb()
                self._free_redis.append(number)


@contextmanager
def _postgres_database(root: str, store: str, token: str, *, drop: Callable[[], bool]) -> Iterator[dict[str, object]]:
    database, owner, reader = f"{store}_{token}", f"dono_{store}_{token}", f"motor_{store}_{token}"
    passwords = {owner: secrets.token_urlsafe(16), reader: secrets.token_urlsafe(16)}
    with _root_cursor(root) as cursor:
        for role, password in passwords.items():
            cursor.execute(f'create role "{role}" login password %s', (password,))
        if store == "results":
            cursor.execute(f'grant "{reader}" to "{owner}"')
        make_database(cursor, database, owner=owner, reader=reader)
    url = sa.make_url(root).set(database=database)
    try:
        yield {
            f"{store}_{ending}": url.set(username=role, password=passwords[role]).render_as_string(hide_password=False)
            for role, ending in ((owner, "admin_url"), (reader, "url"))
        }
    finally:
        if drop():
            with _root_cursor(root) as cursor:
                cursor.execute(f'drop database "{database}" with (force)')
                cursor.execute(f'drop role "{reader}", "{owner}"')


@contextmanager
def _oracle_schema(root: str, token: str) -> Iterator[dict[str, object]]:
    """Make an owner with a schema of its own and a reader; never run on Oracle but by whoever has one."""
    owner, reader = (f"{role}_{token}"[:30].upper() for role in ("D", "L"))
    passwords = {user: "p" + secrets.token_hex(12) for user in (owner, reader)}
    with _root_cursor(root) as cursor:
        for user, password in passwords.items():
            cursor.execute(f'CREATE USER {user} IDENTIFIED BY "{password}"')
        cursor.execute(f"ALTER USER {owner} QUOTA UNLIMITED ON users")
        cursor.execute(f"GRANT CREATE SESSION, CREATE TABLE, CREATE VIEW TO {owner}")
        cursor.execute(f"GRANT CREATE SESSION, CREATE SYNONYM TO {reader}")
    url = sa.make_url(root)
    try:
        yield {
            f"base_a_{ending}": url.set(username=user, password=passwords[user]).render_as_string(hide_password=False)
            for user, ending in ((owner, "admin_url"), (reader, "url"))
        }
    finally:
        with _root_cursor(root) as cursor:
            for user in (reader, owner):
                cursor.execute(f"DROP USER {user} CASCADE")


@contextmanager
def _root_cursor(root: str) -> Iterator[Any]:
    engine = sql_engine(root, timeout=TIMEOUT).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, closing(connection.connection.cursor()) as cursor:
        yield cursor
    engine.dispose()


def _make_synonyms(settings: Settings) -> None:
    owner = sa.make_url(settings.secret("base_a_admin_url")).username
    engine = sql_engine(settings.secret("base_a_url"), timeout=TIMEOUT)
    with engine.begin() as connection:
        for table in tables_of(Store.A):
            connection.exec_driver_sql(f"CREATE SYNONYM {table.name} FOR {owner}.{table.name}")
    engine.dispose()


def _spare_the_disk(root: str) -> None:
    """Switch off what only a crash of the machine makes needed: dropping a database waits for every file otherwise."""
    with _root_cursor(root) as cursor:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            cursor.execute(f"alter system set {setting} = off")
        cursor.execute("select pg_reload_conf()")
