"""A bare Starlette route that does one Redis GET: what the server software and the Redis client cost by themselves."""

from __future__ import annotations

import redis.asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.stored_json import REDIS_URL, key_of

CACHE = redis.asyncio.Redis.from_url(REDIS_URL)


async def read_score(request: Request) -> Response:
    text = await CACHE.get(key_of(request.path_params["cliente_id"]))
    return Response(text, 404 if text is None else 200, media_type="application/json")


app = Starlette(routes=[Route("/clientes/{cliente_id}/score", read_score)])
