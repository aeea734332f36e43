"""Flask, which the source document proposes for System C: a view that reads one key and returns it as it is."""

from __future__ import annotations

import redis
from flask import Flask, Response, abort

from benchmarks.peers.stored_json import REDIS_URL, key_of

CACHE = redis.Redis.from_url(REDIS_URL)
app = Flask(__name__)


@app.get("/clientes/<cliente_id>/score")
def read_score(cliente_id: str) -> Response:
    text = CACHE.get(key_of(cliente_id))
    if text is None:
        abort(404)
    return Response(text, mimetype="application/json")
