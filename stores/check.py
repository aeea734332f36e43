"""Verifies every configured store at once, each within its time limit, and returns all that is wrong.

Enters: settings. Leaves: problems, those of each store together, in a fixed order of stores. Nothing here
waits for a peer that accepts and says nothing: each store's check runs in a thread that is given up in time.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import redis
import sqlalchemy as sa
from pymongo.errors import PyMongoError

from contracts.artifacts import ArtifactStore
from contracts.errors import SettingsError, StoreUnavailableError
from contracts.settings import PREFIX, Settings
from contracts.table_declaration import Store
from contracts.tables import tables_of
from stores.addresses import describe_url
from stores.checks.events import check_events
from stores.checks.listing import check_listing
from stores.checks.problem import Problem
from stores.checks.results import check_results
from stores.checks.rights import check_api_rights, check_reading_only, check_results_rights
from stores.checks.schema import check_tables
from stores.connections import mongo_database, reaching, redis_client, sql_engine
from stores.deadlines import call_within
from stores.migrate import newest_step

INSPECTION_FACTOR = 2.0
"""Connecting and inspecting together may take this many times the time limit of connecting."""

PROBE_SECONDS = 10


def check_stores(settings: Settings) -> tuple[Problem, ...]:
    """Return every problem of every store; none means that the engine can run."""
    checks: dict[str, Callable[[Settings], list[Problem]]] = {
        "base_a": lambda s: _check_base(s, "base_a", Store.A),
        "base_b": lambda s: _check_base(s, "base_b", Store.B),
        "base_c": _check_base_c,
        "results": _check_results,
        "redis": _check_redis,
        "lake": _check_lake,
    }
    with ThreadPoolExecutor(len(checks)) as pool:
        running = [pool.submit(_within_limit, settings, store, check) for store, check in checks.items()]
    return tuple(problem for future in running for problem in future.result())


def _within_limit(settings: Settings, store: str, check: Callable[[Settings], list[Problem]]) -> list[Problem]:
    variable = f"{PREFIX}{store.upper()}" + ("" if store == "lake" else "_URL")
    limit = INSPECTION_FACTOR * settings.store_timeout_seconds
    try:
        return call_within(limit, lambda: check(settings))
    except SettingsError as error:
        return [Problem(store, "settings", str(error), "Correct the settings")]
    except StoreUnavailableError as error:
        return [Problem(store, "connection", str(error), f"Correct {variable}, or start the server")]
    except (sa.exc.SQLAlchemyError, PyMongoError, redis.RedisError) as error:
        message = f"the inspection broke off ({type(error).__name__})"
        return [Problem(store, "connection", message, "Look at the server's own log")]
    except TimeoutError:
        where = _lake_name(settings) if store == "lake" else describe_url(settings.secret(f"{store}_url"))
        return [Problem(store, "connection", f"{where}: no answer within {limit:g} s", f"Correct {variable}")]


def _check_base(settings: Settings, store: str, letter: Store) -> list[Problem]:
    tables = tables_of(letter)
    return _inspect(
        settings,
        store,
        lambda connection: [
            *check_tables(connection, store, tables),
            *check_reading_only(connection, store, [table.name for table in tables]),
            *(check_listing(connection) if letter is Store.A else ()),
        ],
    )


def _check_results(settings: Settings) -> list[Problem]:
    newest = newest_step("results")
    has_api_login = settings.results_api_url is not None and settings.results_api_url != settings.results_url
    problems = _inspect(
        settings,
        "results",
        lambda c: [*check_results(c, newest), *check_results_rights(c, has_api_login=has_api_login)],
    )
    return problems + (_inspect(settings.for_api(), "results", check_api_rights) if has_api_login else [])


def _inspect(settings: Settings, store: str, inspect: Callable[[sa.Connection], list[Problem]]) -> list[Problem]:
    url, limit = settings.secret(f"{store}_url"), settings.store_timeout_seconds
    engine = sql_engine(url, timeout=limit, statement_timeout=limit, application="escore-check")
    try:
        with reaching(url), engine.connect() as connection:
            return inspect(connection)
    finally:
        engine.dispose()


def _check_base_c(settings: Settings) -> list[Problem]:
    url = settings.secret("base_c_url")
    database = mongo_database(url, timeout=settings.store_timeout_seconds)
    with database.client, reaching(url):
        return check_events(database)


def _check_redis(settings: Settings) -> list[Problem]:
    settings.require("redis_url", "cache_key")
    url, key = settings.secret("redis_url"), f"escore:verificacao:{secrets.token_hex(8)}"
    with redis_client(url, timeout=settings.store_timeout_seconds) as client, reaching(url):
        client.ping()
        try:
            client.set(key, "1", ex=PROBE_SECONDS)
            client.delete(key)
        except redis.ResponseError as error:
            message = f"{describe_url(url)} answers but does not take writes ({type(error).__name__})"
            return [Problem("redis", "rights", message, "Give the login SET and DEL, and use a primary, not a replica")]
    return []


def _check_lake(settings: Settings) -> list[Problem]:
    try:
        _probe_lake(settings.lake_root)
    except StoreUnavailableError as error:
        return [Problem("lake", "connection", str(error), f"Correct {PREFIX}LAKE, its rights, or the AWS_ variables")]
    except OSError as error:
        message = f"{_lake_name(settings)} cannot be written ({type(error).__name__})"
        return [Problem("lake", "rights", message, f"Correct {PREFIX}LAKE, or its rights")]
    return []


def _probe_lake(root: str) -> None:
    """Write and remove; where a local lake does not exist yet, in the folder in which it would be made."""
    local = Path(unquote(urlsplit(root).path) if root.startswith("file://") else root).resolve()
    is_remote = "://" in root and not root.startswith("file://")
    if is_remote or local.is_dir():
        lake, path = ArtifactStore(root), f"verificacao-{secrets.token_hex(8)}"
        lake.write(path, {"vazio": b""}, meta={})
        lake.delete(path)
        return
    nearest = next(folder for folder in (local, *local.parents) if folder.exists())
    with TemporaryDirectory(prefix="verificacao-", dir=nearest) as probe:
        (Path(probe) / "vazio").touch()


def _lake_name(settings: Settings) -> str:
    """Return the lake's root without the keys and options that a bucket's URL may hold."""
    scheme, separator, rest = settings.lake_root.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}" if separator else settings.lake_root
