"""The HTTP applications: Systems A, B and C apart, each with its own store, and the one that joins them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio
import sqlalchemy as sa
from fastapi import APIRouter, FastAPI
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from contracts.settings import Settings
from serve.access.guard import Guard
from serve.access.tokens import TokenVerifier
from serve.api import health
from serve.api.clock import Clock, system_clock
from serve.api.http_app import assemble
from serve.api.metrics import Metrics
from serve.auditing.log import AuditLog
from serve.published.person_hash import PersonHash
from serve.scores.postgres_scores import PostgresScores
from serve.scores.redis_scores import RedisScores
from serve.scores.score_store import ScoreStore
from serve.systems import model_description, score_data_routes, system_a, system_b, system_c
from serve.systems.leased_cache import LeasedCache
from serve.systems.page_links import PageLinks
from serve.systems.score_data import ScoreData, score_data_seal
from serve.sources.redis_pipe import RedisPipe
from serve.sources.sql_store import SqlStore
from stores.connections import sql_engine

REDIS_CONNECTIONS = 100
"""Connections to Redis a process may open; a request that finds none waits, within the store's time limit."""

COMMON_SETTINGS = ("results_url", "jwt_secret", "cache_key")
"""What each system needs beside its own store: the audit, the tokens' secret, the key by which persons are named."""


def create_app(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """Return Systems A, B and C as one application; no store is reached before the first request.

    SettingsError lists every setting that is missing.
    """
    parts = _Parts(settings, clock, needs=("base_a_url", "base_b_url", "base_c_url", "redis_url"))
    return parts.assemble("escore", [parts.system_a(), parts.system_b(), parts.system_c(), parts.model()])


def create_app_a(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """Return System A alone: Base A and the audit."""
    parts = _Parts(settings, clock, needs=("base_a_url",))
    return parts.assemble("escore: Sistema A", [parts.system_a()])


def create_app_b(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """Return System B alone: Base B, the published scores, their model and the audit."""
    parts = _Parts(settings, clock, needs=("base_b_url", "redis_url"))
    return parts.assemble("escore: Sistema B", [parts.system_b(), parts.model()])


def create_app_c(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """Return System C alone: Base C and the audit."""
    parts = _Parts(settings, clock, needs=("base_c_url",))
    return parts.assemble("escore: Sistema C", [parts.system_c()])


@dataclass
class _Parts:
    """Makes the clients of one process, each once, and the routes upon them."""

    settings: Settings
    clock: Clock
    needs: tuple[str, ...]
    metrics: Metrics = field(default_factory=Metrics)
    checks: dict[str, health.Check] = field(default_factory=dict)
    engines: list[sa.Engine] = field(default_factory=list)
    cache: redis.asyncio.Redis | None = None
    base_c: AsyncDatabase[dict[str, Any]] | None = None
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings.require(*COMMON_SETTINGS, *self.needs)
        self.results = self._engine("results")
        self.secret = self.settings.secret("cache_key").encode()
        self.hashes = PersonHash(self.secret)
        self.guard = Guard(TokenVerifier.from_settings(self.settings), AuditLog(self.results))

    def assemble(self, title: str, routers: list[APIRouter]) -> FastAPI:
        """Return the application of these routes and those of operation."""
        timeout = self.settings.store_timeout_seconds
        operation = health.make_router(self.checks, self.metrics, timeout=timeout)
        return assemble(title, [*routers, operation], metrics=self.metrics, close=self._close)

    def system_a(self) -> APIRouter:
        """Return System A's routes."""
        directory = system_a.ClientDirectory(self._engine("base_a"), self.clock)
        return system_a.make_router(directory, self.guard, hashes=self.hashes, links=PageLinks(self.secret))

    def system_b(self) -> APIRouter:
        """Return System B's routes."""
        self._redis()
        timeout = self.settings.api_timeout_seconds
        pipe = RedisPipe(self.settings.secret("redis_url"), timeout=self.settings.cache_timeout_seconds)
        base_b = SqlStore(self.settings.secret("base_b_url"), store="PostgreSQL (Base B)", timeout=timeout)
        self.checks["base_b"] = base_b.check
        self.closing.append(base_b.close)
        cache = LeasedCache(pipe, score_data_seal(self.secret, self.clock), on_look=lambda _hit: None)
        data = ScoreData(base_b, cache, hashes=self.hashes, clock=self.clock)
        results = SqlStore(
            self.settings.secret("results_url"),
            store="PostgreSQL (results)",
            timeout=self.settings.api_timeout_seconds,
        )
        self.closing += [pipe.close, results.close]
        scores = ScoreStore(
            RedisScores(pipe, self.hashes), PostgresScores(results), on_fallback=self.metrics.count_fallback
        )
        validity_days = self.settings.score_validity_days
        router = system_b.make_router(scores, self.guard, hashes=self.hashes, validity_days=validity_days)
        router.routes.extend(score_data_routes.make_router(data, self.guard, hashes=self.hashes).routes)
        return router

    def system_c(self) -> APIRouter:
        """Return System C's routes."""
        milliseconds = int(self.settings.store_timeout_seconds * 1000)
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            self.settings.secret("base_c_url"),
            serverSelectionTimeoutMS=milliseconds,
            connectTimeoutMS=milliseconds,
            socketTimeoutMS=milliseconds,
            tz_aware=False,
            appname="escore-api",
        )
        self.base_c = client.get_default_database()
        self.checks["base_c"] = health.check_mongo(self.base_c)
        return system_c.make_router(system_c.LastEvents(self.base_c, self.clock), self.guard, hashes=self.hashes)

    def model(self) -> APIRouter:
        """Return the route of the model's public description."""
        return model_description.make_router(self.results, self.settings.regime)

    def _engine(self, store: str) -> sa.Engine:
        timeout = self.settings.store_timeout_seconds
        engine = sql_engine(
            self.settings.secret(f"{store}_url"), timeout=timeout, statement_timeout=timeout, application="escore-api"
        )
        self.engines.append(engine)
        self.checks[store] = health.check_engine(engine)
        return engine

    def _redis(self) -> redis.asyncio.Redis:
        timeout = self.settings.store_timeout_seconds
        pool: redis.asyncio.BlockingConnectionPool = redis.asyncio.BlockingConnectionPool.from_url(
            self.settings.secret("redis_url"),
            max_connections=REDIS_CONNECTIONS,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 1),
            client_name="escore-api",
        )
        self.cache = redis.asyncio.Redis(connection_pool=pool)
        self.checks["redis"] = health.check_redis(self.cache)
        return self.cache

    async def _close(self) -> None:
        for close in self.closing:
            await close()
        for engine in self.engines:
            engine.dispose()
        if self.cache is not None:
            await self.cache.aclose()
            await self.cache.connection_pool.disconnect()
        if self.base_c is not None:
            await self.base_c.client.close()
