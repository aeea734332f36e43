"""One small question to each store: what the guide knows an installation by."""

from __future__ import annotations

import http
import http.client
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from contracts.artifacts import ArtifactStore
from contracts.settings import Settings
from models.history import promoted_version, read_history
from stores.connections import mongo_database, reaching, redis_client, sql_engine
from stores.ledger import Run, list_runs, run_in_force

T = TypeVar("T")

WAIT_SECONDS = 2.0
API_SECONDS = 0.3
API_ADDRESS = ("127.0.0.1", 8080)
RUNS = 50


def probes_of(settings: Settings) -> dict[str, Callable[[], Any]]:
    """Return the question to each store, by the store's name; a call answers it, or raises what the store said."""
    return {
        "base_a": lambda: _has_rows(settings, "base_a_url", "cliente"),
        "base_b": lambda: _has_rows(settings, "base_b_url", "pessoa"),
        "base_c": lambda: _ping_base_c(settings),
        "redis": lambda: _ping_cache(settings),
        "results": lambda: _latest_runs(settings),
        "lake": lambda: promoted_version(read_history(ArtifactStore(settings.lake_root))),
        "api": _is_served,
    }


def _has_rows(settings: Settings, url_name: str, table: str) -> bool:
    query = sa.select(sa.literal(1)).select_from(sa.table(table)).limit(1)
    return bool(_on_database(settings, url_name, lambda engine: _first(engine, query)))


def _first(engine: sa.Engine, query: sa.Select[tuple[int]]) -> Any:
    with engine.connect() as connection:
        return connection.scalar(query)


def _latest_runs(settings: Settings) -> tuple[Run, ...]:
    """Return the latest runs, and the one in force, which may be older than all of them."""

    def ask(engine: sa.Engine) -> tuple[Run, ...]:
        current = run_in_force(engine)
        latest = list_runs(engine, limit=RUNS)
        return latest if current is None or current in latest else (*latest, current)

    return _on_database(settings, "results_url", ask)


def _on_database(settings: Settings, url_name: str, ask: Callable[[sa.Engine], T]) -> T:
    url = settings.secret(url_name)
    engine = sql_engine(url, timeout=WAIT_SECONDS, statement_timeout=WAIT_SECONDS)
    try:
        with reaching(url):
            return ask(engine)
    finally:
        engine.dispose()


def _ping_base_c(settings: Settings) -> bool:
    url = settings.secret("base_c_url")
    database = mongo_database(url, timeout=WAIT_SECONDS)
    with database.client, reaching(url):
        return bool(database.command("ping"))


def _ping_cache(settings: Settings) -> bool:
    url = settings.secret("redis_url")
    with redis_client(url, timeout=WAIT_SECONDS) as client, reaching(url):
        return bool(client.ping())


def _is_served() -> bool:
    """Tell whether an API answers where `escore serve` listens unless it is told otherwise."""
    connection = http.client.HTTPConnection(*API_ADDRESS, timeout=API_SECONDS)
    try:
        connection.request("GET", "/saude/vivo")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
