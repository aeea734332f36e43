"""Opens what a run needs, from the settings, and closes it: the three sources, the results, cache and lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import redis
from sqlalchemy import Engine

from contracts.artifacts import ArtifactStore
from contracts.settings import Settings
from extract.sources import Sources
from flows.databases import open_engine
from flows.erased_persons import erased_persons, keep_renamed
from serve.published.person_hash import PersonHash
from serve.publishing.publish import Publisher
from stores.connections import mongo_database, redis_client
from stores.results_errors import results_reached


@dataclass(frozen=True, slots=True)
class Results:
    """Where published scores go: the results database, the cache and the publisher over both."""

    engine: Engine
    cache: redis.Redis
    publisher: Publisher


def open_lake(settings: Settings) -> ArtifactStore:
    """Return the lake of these settings."""
    return ArtifactStore(settings.lake_root)


@contextmanager
def open_sources(settings: Settings) -> Iterator[Sources]:
    """Yield the three stores to read from, with the engine's read-only roles, and who was erased from them."""
    with ExitStack() as stack:
        engines = [stack.enter_context(open_engine(settings, name)) for name in ("base_a_url", "base_b_url")]
        database = mongo_database(settings.secret("base_c_url"), timeout=settings.store_timeout_seconds)
        stack.callback(database.client.close)
        erased = erased_persons(settings)
        yield Sources(engines[0], engines[1], database, erased)
        keep_renamed(settings, erased)


@contextmanager
def open_results(settings: Settings) -> Iterator[Results]:
    """Yield the results database, the cache and the publisher; losing PostgreSQL is StoreUnavailableError."""
    with ExitStack() as stack:
        engine = stack.enter_context(open_engine(settings, "results_url"))
        cache = redis_client(settings.secret("redis_url"), timeout=settings.store_timeout_seconds)
        stack.callback(cache.close)
        with results_reached():
            yield Results(engine, cache, Publisher(engine, cache, cache_key=PersonHash.from_settings(settings)))
