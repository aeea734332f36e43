"""Every store of a run in a process of its own behind a proxy of its own, a small population, and a state to return to.

The state, made once: two runs published with one model, on two dates. A trial begins from it, byte for byte, and runs
the later date with another model, so that no row, record or count of its run is like that of the run before.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import redis

from contracts.artifacts import ArtifactStore
from contracts.settings import Settings, load_settings
from models.registry import promote_model
from serve.published.person_hash import PersonHash
from stores.embedded.mongo import MongoServer
from stores.embedded.postgres import PostgresServer
from stores.embedded.prefect import PrefectServer
from stores.embedded.server import EmbeddedServer
from stores.embedded.valkey import ValkeyServer
from stores.migrate import migrate
from tests.model_samples import crossed_table, write_model
from tests.store_processes import StoreProcess, store_processes
from tests.store_queries import query
from tests.tcp_faults import Pass, TcpFaults, through
from tests.zygote import ROOT, Ended, Run, Zygote

KINDS: dict[str, type[EmbeddedServer]] = {
    "sources": PostgresServer,
    "base_c": MongoServer,
    "results": PostgresServer,
    "redis": ValkeyServer,
}
AT = {"base_a": "sources", "base_b": "sources", "base_c": "base_c", "results": "results", "redis": "redis"}
"""Store, as the settings' names begin: the process that holds it."""

LATER = date(2025, 12, 31)
EARLIER = LATER - timedelta(days=1)
CLIENTS = 210
RANGE_SIZE = 100
RESULTS_DATABASE = "score"
GOLDEN = "score_inicio"
RUN_FOLDERS = ("snapshots", "scores")
PREPARATION = "tests.run_faults.preparation"
MODELS = "models"
"""The one folder of the lake that no run writes to."""


@dataclass(frozen=True, slots=True)
class House:
    """The running whole; ``settings`` lead to the stores themselves, the runs go through the proxies."""

    settings: Settings
    stores: Mapping[str, StoreProcess]
    proxies: Mapping[str, TcpFaults]
    zygote: Zygote
    models: tuple[str, str]
    golden: dict[str, Any]

    @property
    def lake(self) -> Path:
        """Return the lake's folder."""
        return Path(self.settings.lake_root)

    @property
    def hashes(self) -> PersonHash:
        """Return the hash by which persons are named in Redis."""
        return PersonHash(self.settings.secret("cache_key").encode())

    def start(
        self, as_of: date = LATER, *options: str, plan: Mapping[str, Any] | None = None, **environment: str
    ) -> Run:
        """Start a run with the second model."""
        arguments = ["run", "--as-of", as_of.isoformat(), "--model", self.models[1], *options]
        return self.zygote.start(arguments, plan=plan or {}, environment=environment)

    def run(self, as_of: date = LATER, *options: str, plan: Mapping[str, Any] | None = None) -> Ended:
        """Run to the end with the second model."""
        return self.start(as_of, *options, plan=plan).wait()

    def query(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the results."""
        return query(self.settings, sql, **values)

    def count_publications(self) -> int:
        """Return how many runs were ever put in force."""
        [(count,)] = self.query("select count(*) from execucao where publicada_em is not null")
        return int(count)

    def change(self, sql: str) -> None:
        """Change the results as an operator could."""
        query(self.settings, sql)

    def cache(self) -> redis.Redis:
        """Return a client of Redis."""
        return redis.Redis.from_url(self.settings.secret("redis_url"), socket_timeout=10)

    def heal(self) -> None:
        """End every fault: stores that were frozen go on, dead ones start again, proxies pass everything."""
        for store in self.stores.values():
            store.thaw()
            store.start()
        for proxy in self.proxies.values():
            proxy.apply(Pass())
        with self.cache() as cache:
            cache.config_set("maxmemory", "0")

    def keep_golden(self) -> None:
        """Keep the state that trials begin from."""
        with self.cache() as cache:
            self.golden["redis"] = {key: cache.dump(key) for key in cache.keys("*")}
        self._copy_database(RESULTS_DATABASE, GOLDEN)
        for name in RUN_FOLDERS:
            if (self.lake / name).exists():
                shutil.copytree(self.lake / name, self.lake.parent / "inicio" / name)

    def restore_golden(self) -> None:
        """Return to the state kept: the results, Redis and the lake, byte for byte."""
        with self.cache() as cache:
            cache.flushdb()
            for key, value in self.golden["redis"].items():
                cache.restore(key, 0, value)
        self._copy_database(GOLDEN, RESULTS_DATABASE)
        for name in RUN_FOLDERS:
            shutil.rmtree(self.lake / name, ignore_errors=True)
            if (kept := self.lake.parent / "inicio" / name).exists():
                shutil.copytree(kept, self.lake / name)

    def _copy_database(self, source: str, target: str) -> None:
        with (
            closing(psycopg2.connect(self.stores["results"].root_url.replace("+psycopg2", ""))) as connection,
            connection.cursor() as cursor,
        ):
            connection.autocommit = True
            cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (source,))
            cursor.execute(f'drop database if exists "{target}" with (force)')
            cursor.execute(f'create database "{target}" template "{source}" owner escore_dono_score')
            cursor.execute(f'revoke all on database "{target}" from public')
            cursor.execute(f'grant connect on database "{target}" to escore_motor')


@contextmanager
def prefect_server(folder: Path) -> Iterator[str]:
    """Run a Prefect server, for whoever has none; it is no part of what is disturbed."""
    with StoreProcess(PrefectServer, folder / "prefect" / "prefect") as server:
        yield server.urls["prefect_api_url"]


@contextmanager
def open_house(folder: Path, prefect_api: str) -> Iterator[House]:
    """Start everything, populate and publish twice; stop and delete everything at the end."""
    with ExitStack() as stack:
        var = folder / f"noites-{secrets.token_hex(3)}"
        stores = stack.enter_context(store_processes(KINDS, var))
        settings = _settings(stores, var, prefect_api)
        migrate(settings)
        models = _put_models(settings)
        _populate(settings)
        proxies = {name: stack.enter_context(TcpFaults(store.port)) for name, store in stores.items()}
        zygote = stack.enter_context(
            Zygote(_environment(settings, proxies), var, warm=(PREPARATION,), prepare=f"{PREPARATION}:prepare")
        )
        house = House(settings, stores, proxies, zygote, models, {})
        for as_of in (EARLIER, LATER):
            done = zygote.start(
                ["run", "--as-of", as_of.isoformat(), "--model", models[0]], plan={"pages": True}
            ).wait()
            assert done.code == 0, done.told
        house.keep_golden()
        yield house


def _settings(stores: Mapping[str, StoreProcess], var: Path, prefect_api: str) -> Settings:
    urls: dict[str, object] = {"prefect_api_url": prefect_api}
    for store, process in AT.items():
        urls |= {field: url for field, url in stores[process].urls.items() if field.startswith(store)}
    secret = {"cache_key": secrets.token_urlsafe(32), "jwt_secret": secrets.token_urlsafe(32)}
    small = {"range_size": RANGE_SIZE, "workers": 1, "retention_runs": 2, "io_retries": 1, "store_timeout_seconds": 3.0}
    return load_settings({"var": var / "var", **urls, **secret, **small})


def _put_models(settings: Settings) -> tuple[str, str]:
    lake = ArtifactStore(settings.lake_root)
    first, second = (write_model(lake, crossed_table(base=base)) for base in (640, 600))
    promote_model(lake, first, who="teste", why="teste", when=datetime.now(UTC), despite_gate=True)
    return first, second


def _populate(settings: Settings) -> None:
    """Populate in a process of its own, whose libraries this one then need not hold."""
    options = ("--clients", str(CLIENTS), "--dirty", "0.03", "--events", "10", "--months", "14", "--seed", "5")
    urls = {f"{store}_admin_url": settings.secret(f"{store}_admin_url") for store in ("base_a", "base_b", "base_c")}
    given = {f"SCORE_{name.upper()}": url for name, url in urls.items()} | {"SCORE_VAR": str(settings.var)}
    subprocess.run(
        [sys.executable, "-m", "flows.cli", "populate", "--as-of", LATER.isoformat(), *options],
        env={**os.environ, **given, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


def _environment(settings: Settings, proxies: Mapping[str, TcpFaults]) -> dict[str, str]:
    urls = {store: through(settings.secret(f"{store}_url"), proxies[process].port) for store, process in AT.items()}
    return {
        **{f"SCORE_{store.upper()}_URL": url for store, url in urls.items()},
        "SCORE_VAR": str(settings.var),
        "SCORE_CACHE_KEY": settings.secret("cache_key"),
        "SCORE_PREFECT_API_URL": str(settings.prefect_api_url),
        "SCORE_RANGE_SIZE": str(settings.range_size),
        "SCORE_WORKERS": str(settings.workers),
        "SCORE_RETENTION_RUNS": str(settings.retention_runs),
        "SCORE_IO_RETRIES": str(settings.io_retries),
        "SCORE_STORE_TIMEOUT_SECONDS": str(settings.store_timeout_seconds),
    }
