"""The HTTP applications: Systems A, B and C apart, each with its own store, and the one that joins them.

What one system alone needs is imported where it is made: the others start a fifth sooner without it.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from contracts.errors import SettingsError, StoreUnavailableError
from contracts.settings import Settings
from serve.access.guard import Guard
from serve.access.rate_limit import RateLimiter
from serve.access.tokens import TokenVerifier
from serve.api import health
from serve.api.clock import Clock, system_clock
from serve.api.http_app import assemble
from serve.api.metrics import Metrics
from serve.api.web_page import web_routes
from serve.auditing.sink import make_sink
from serve.published.key_layout import POINTER_KEY
from serve.published.person_hash import PersonHash
from serve.sources.redis_link import RedisReplyError
from serve.sources.redis_pipe import RedisPipe
from serve.sources.sql_store import SqlStore

if TYPE_CHECKING:
    from serve.systems.system_c import LastEvents

STORE_NAMES = {
    "base_a": "Base A",
    "base_b": "Base B",
    "base_c": "Base C",
    "results": "PostgreSQL (results)",
}
AUDIT = "auditoria"
"""How readiness names the audit's journal, without which nothing personal is answered."""

SYSTEM_A = ("base_a_url",)
SYSTEM_B = ("base_b_url", "redis_url", "results_url")
SYSTEM_C = ("base_c_url",)
"""The stores that each system's answers come from. Elsewhere Redis only counts requests, and the results only take the
audit's journal: without Redis each process counts for itself, without the results the journal waits to be shipped."""


def create_app(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """Return Systems A, B and C as one application; no store is reached before it starts.

    SettingsError lists every setting that is missing or wrong.
    """
    parts = _Parts(settings, clock, needs=(*SYSTEM_A, *SYSTEM_B, *SYSTEM_C))
    routers = [*parts.system_b(), parts.system_a(), parts.system_c(), parts.events_by_id()]
    return parts.assemble("escore", routers, pages=web_routes())


def create_app_a(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """Return System A alone, over Base A."""
    parts = _Parts(settings, clock, needs=SYSTEM_A)
    return parts.assemble("escore: Sistema A", [parts.system_a()])


def create_app_b(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """Return System B alone, over Base B and the published scores, their model and the audit."""
    parts = _Parts(settings, clock, needs=SYSTEM_B)
    return parts.assemble("escore: Sistema B", parts.system_b())


def create_app_c(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """Return System C alone, over Base C; by id too where the results are there, which tell whose id it is."""
    parts = _Parts(settings, clock, needs=SYSTEM_C)
    by_id = [parts.events_by_scored_id()] if settings.results_url is not None else []
    return parts.assemble("escore: Sistema C", [parts.system_c(), *by_id])


class _Parts:
    """Makes the clients of one process, each once, and the routes upon them."""

    def __init__(self, settings: Settings, clock: Clock, *, needs: tuple[str, ...]) -> None:
        settings = settings.for_api()
        verifier = _verifier(settings, needs)
        self._settings = settings
        self._clock = clock
        self._reads_scores = "results_url" in needs
        self._metrics = Metrics()
        self._checks: dict[str, health.Check] = {}
        self._closing: list[Callable[[], Awaitable[None]]] = [verifier.close]
        self._stores: dict[str, SqlStore] = {}
        self._events: LastEvents | None = None
        self._pipe = self._make_pipe()
        self._verifier = verifier
        self._hashes = PersonHash.from_settings(settings)
        self._audit = make_sink(settings, self._sql("results") if settings.audit_mode == "direto" else None)
        limiter = RateLimiter.from_settings(
            settings, self._pipe, clock=clock, on_unlimited=self._metrics.count_unlimited
        )
        self._guard = Guard(verifier, self._audit, limiter)

    def assemble(self, title: str, routers: list[APIRouter], *, pages: Sequence[Route] = ()) -> FastAPI:
        """Return the application of these routes, those of operation, and pages that hold no data."""
        waits = self._settings.audit_mode == "diario"
        needs = (*health.needs_of(tuple(self._checks), audit_waits=waits), frozenset({AUDIT}))
        self._checks[AUDIT] = self._audit.check
        self._metrics.watch_audit(self._audit.lag)
        return assemble(
            title,
            [*routers, health.make_router(self._checks, self._metrics, needs=needs)],
            metrics=self._metrics,
            pages=pages,
            origins=(self._settings.web_origins or "").split(),
            open=self._open,
            close=self._close,
            log_format=self._settings.log_format,
            otlp_endpoint=self._settings.otlp_endpoint,
        )

    def system_a(self) -> APIRouter:
        """Return System A's routes."""
        from serve.systems import system_a
        from serve.systems.client_directory import ClientDirectory
        from serve.systems.page_links import PageLinks

        directory = ClientDirectory(self._sql("base_a"), self._clock)
        return system_a.make_router(directory, self._guard, hashes=self._hashes, links=PageLinks.of(self._hashes))

    def system_b(self) -> list[APIRouter]:
        """Return System B's routes: scores, what they start from, their model, and who read a person's data."""
        from serve.auditing import readings
        from serve.scores.postgres_scores import PostgresScores
        from serve.scores.redis_scores import RedisScores
        from serve.scores.score_store import ScoreStore
        from serve.systems import model_description, reviews, score_data_routes, score_history, system_b
        from serve.systems.leased_cache import LeasedCache
        from serve.systems.score_data import ScoreData, score_data_seal

        assert self._pipe is not None
        base_b, results, pipe, hashes = self._sql("base_b"), self._sql("results"), self._pipe, self._hashes
        look = partial(self._metrics.count_cache, cache="score-data")
        cache = LeasedCache(pipe, score_data_seal(hashes.secret, self._clock), on_look=look)
        data = ScoreData(base_b, cache, hashes=hashes, clock=self._clock)
        scores = ScoreStore(
            RedisScores(pipe, hashes), PostgresScores(results), on_fallback=self._metrics.count_fallback
        )
        days = self._settings.score_validity_days
        return [
            system_b.make_router(scores, self._guard, hashes=hashes, validity_days=days),
            score_history.make_router(results, self._guard, hashes=hashes),
            score_data_routes.make_router(data, self._guard, hashes=hashes),
            readings.make_router(results, self._guard, cpf_of=self._cpf_of, hashes=hashes, clock=self._clock),
            reviews.make_router(results, self._guard, hashes=hashes, clock=self._clock),
            model_description.make_router(model_description.ModelInForce(results, self._settings.regime)),
        ]

    def system_c(self) -> APIRouter:
        """Return System C's routes."""
        from serve.systems import system_c

        return system_c.make_router(self._last_events(), self._guard, hashes=self._hashes)

    def events_by_id(self) -> APIRouter:
        """Return the route of System C's answer by id, which asks Base B or the results whose id it is."""
        from serve.systems import consumer_events

        return consumer_events.make_router(self._last_events(), self._guard, cpf_of=self._cpf_of, hashes=self._hashes)

    def events_by_scored_id(self) -> APIRouter:
        """Return the same route for a process that has no Base B: it knows who was scored in the run in force."""
        from serve.systems import consumer_events

        return consumer_events.make_router(
            self._last_events(), self._guard, cpf_of=self._scored_cpf_of, hashes=self._hashes
        )

    async def _scored_cpf_of(self, client_id: str) -> str | None:
        from serve.auditing.accesses import read_scored_cpf

        return await self._sql("results").run(partial(read_scored_cpf, client_id=client_id))

    async def _cpf_of(self, client_id: str) -> str | None:
        from serve.auditing.accesses import read_cpf

        found = await self._sql("base_b").run(partial(read_cpf, client_id=client_id))
        return found or await self._scored_cpf_of(client_id)

    def _last_events(self) -> LastEvents:
        from serve.sources.mongo_store import MongoStore
        from serve.systems.system_c import LastEvents

        if self._events is not None:
            return self._events
        base_c = MongoStore(
            self._settings.secret("base_c_url"),
            store=STORE_NAMES["base_c"],
            timeout=self._settings.api_timeout_seconds,
            on_change=partial(self._metrics.set_breaker, "base_c"),
        )
        self._checks["base_c"] = base_c.check
        self._closing.append(base_c.close)
        self._events = LastEvents(base_c, self._clock)
        return self._events

    def _sql(self, name: str) -> SqlStore:
        if name not in self._stores:
            store = SqlStore(
                self._settings.secret(f"{name}_url"),
                store=STORE_NAMES[name],
                timeout=self._settings.api_timeout_seconds,
                on_change=partial(self._metrics.set_breaker, name),
            )
            self._stores[name] = store
            self._checks[name] = store.check
            self._closing.append(store.close)
        return self._stores[name]

    def _make_pipe(self) -> RedisPipe | None:
        if self._settings.redis_url is None:
            return None
        pipe = RedisPipe(
            self._settings.secret("redis_url"),
            timeout=self._settings.cache_timeout_seconds,
            on_change=partial(self._metrics.set_breaker, "redis"),
        )
        if self._reads_scores:
            self._checks["redis"] = self._has_scores_at_hand
        self._closing.append(pipe.close)
        return pipe

    async def _has_scores_at_hand(self) -> bool:
        """Return whether Redis answers; while PostgreSQL is out, whether Redis alone can answer for the scores."""
        assert self._pipe is not None
        try:
            (pointer,) = await self._pipe.send(("GET", POINTER_KEY))
        except (StoreUnavailableError, RedisReplyError):
            return False
        return pointer is not None or not self._sql("results").is_out

    async def _open(self) -> None:
        await self._audit.open()
        await self._verifier.open()
        if self._pipe is not None:
            await self._pipe.open()
        # The first connection of an engine costs a dozen round trips: let none wait for it who needs it in a hurry.
        await asyncio.gather(*(store.check() for store in self._stores.values()))

    async def _close(self) -> None:
        await self._audit.close()
        await asyncio.gather(*(close() for close in self._closing))


def _verifier(settings: Settings, needs: tuple[str, ...]) -> TokenVerifier:
    """Return the tokens' verifier; SettingsError lists what is wrong with tokens, stores and audit, all together."""
    problems: list[str] = []
    direct = ("results_url",) if settings.audit_mode == "direto" else ()
    try:
        settings.require("cache_key", *dict.fromkeys((*needs, *direct)))
    except SettingsError as error:
        problems.extend(error.problems)
    try:
        verifier = TokenVerifier.from_settings(settings)
    except SettingsError as error:
        raise SettingsError([*problems, *error.problems]) from None
    if problems:
        raise SettingsError(problems)
    return verifier
