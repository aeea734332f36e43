"""The floor that publishing is measured beside moves the same bytes: both leave the same rows and the same records."""

from __future__ import annotations

from collections.abc import Callable

import redis
import sqlalchemy as sa

from benchmarks.made_up_scores import make_scores
from benchmarks.publishing import Bench
from contracts.score_scale import SCORES_SCHEMA
from contracts.settings import Settings

CONSUMERS = 3_000
ROWS = sa.text(
    "SELECT cliente_id, cpf, score, probabilidade, faixa, status, motivos, data_referencia, modelo_versao"
    " FROM score_vigente ORDER BY cpf"
)
INDEXES = sa.text(
    "SELECT regexp_replace(indexdef, '[0-9a-f]{32}[a-z_]*', '', 'g') FROM pg_indexes"
    " WHERE tablename ~ '^score_[0-9a-f]{32}$' ORDER BY 1"
)


def content(bench: Bench) -> tuple[object, ...]:
    with bench.owner.connect() as connection:
        rows = connection.execute(ROWS).all()
        indexes = connection.scalars(INDEXES).all()
    return rows, indexes, records(bench.cache)


def records(cache: redis.Redis) -> dict[bytes, dict[bytes, bytes]]:
    """Return every bucket, its generation's name apart."""
    hashes = [key for key in cache.scan_iter() if cache.type(key) == b"hash"]
    return {key.split(b":", 2)[2]: cache.hgetall(key) for key in hashes}


def test_the_floor_leaves_what_publishing_leaves(make_installation: Callable[[str], Settings]):
    bench = Bench(make_installation("piso"), make_scores(CONSUMERS), settle=False)
    try:
        published = bench.publish()
        ours = content(bench)
        moved = bench.floor()
        theirs = content(bench)
    finally:
        bench.close()
    assert ours == theirs
    assert len(ours[0]) == CONSUMERS
    assert published.redis_bytes > 50 * CONSUMERS
    assert moved[1] > 300 * CONSUMERS


def test_made_up_scores_keep_the_schema_at_any_size():
    for consumers in (0, 1, 5_000):
        scores = make_scores(consumers)
        assert scores.schema == SCORES_SCHEMA
        assert (
            len(scores)
            == consumers
            == len(set(scores["cpf"].to_pylist()))
            == len(set(scores["cliente_id"].to_pylist()))
        )
        assert scores["cpf"].to_pylist() == sorted(scores["cpf"].to_pylist())
