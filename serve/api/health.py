"""Whether the process lives, and whether each store that it needs answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import redis.asyncio
import sqlalchemy as sa
from fastapi import APIRouter, Response
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError
from starlette.concurrency import run_in_threadpool

from contracts.errors import StoreUnavailableError
from serve.api.json_text import encode_json
from serve.api.metrics import MEDIA_TYPE, Metrics
from serve.published.key_layout import POINTER_KEY

Check = Callable[[], Awaitable[bool]]
OPTIONAL = frozenset({"redis"})
"""Stores without which every answer can still be given."""


def make_router(checks: Mapping[str, Check], metrics: Metrics, *, timeout: float) -> APIRouter:
    """Return the routes that need no token: ``/saude/vivo``, ``/saude/pronto``, ``/metrics``."""
    router = APIRouter(tags=["Operação"])

    @router.get("/saude/vivo", operation_id="saude_vivo")
    async def alive() -> dict[str, str]:
        """Diz que o processo atende."""
        return {"situacao": "vivo"}

    @router.get("/saude/pronto", operation_id="saude_pronto", responses={503: {"description": "um banco não responde"}})
    async def ready() -> Response:
        """Diz quais bancos respondem: 503 se falta um de que as respostas dependem."""
        answers = await asyncio.gather(*(_within(timeout, check) for check in checks.values()))
        states = dict(zip(checks, answers, strict=True))
        down = {name for name, answered in states.items() if not answered}
        situation = "indisponivel" if down - OPTIONAL else "degradado" if down else "pronto"
        body = {"situacao": situation, "bancos": {name: "ok" if up else "fora" for name, up in states.items()}}
        status = 503 if down - OPTIONAL else 200
        return Response(encode_json(body), status, {"Cache-Control": "no-store"}, "application/json")

    @router.get("/metrics", operation_id="metricas")
    async def show_metrics() -> Response:
        """Contadores no formato do Prometheus."""
        return Response(metrics.render(), media_type=MEDIA_TYPE)

    return router


def check_engine(engine: sa.Engine) -> Check:
    """Return a check that a relational store answers a query."""

    def ask() -> bool:
        try:
            with engine.connect() as connection:
                connection.execute(sa.select(sa.literal(1)))
        except (sa.exc.SQLAlchemyError, StoreUnavailableError):
            return False
        return True

    async def check() -> bool:
        return await run_in_threadpool(ask)

    return check


def check_redis(cache: redis.asyncio.Redis) -> Check:
    """Return a check that Redis answers."""

    async def check() -> bool:
        try:
            await cache.get(POINTER_KEY)
        except RedisError:
            return False
        return True

    return check


def check_mongo(database: AsyncDatabase[dict[str, object]]) -> Check:
    """Return a check that Base C answers."""

    async def check() -> bool:
        try:
            await database.command("ping")
        except PyMongoError:
            return False
        return True

    return check


async def _within(timeout: float, check: Check) -> bool:
    try:
        return await asyncio.wait_for(check(), timeout)
    except TimeoutError:
        return False
