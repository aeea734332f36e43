"""Seconds and bytes of publishing a run: staging, switch, filling a generation that Redis lost, digest.

Usage: SCORE_* set (or `escore up`), then python -m benchmarks.publishing [consumers]. It publishes a made-up run.
"""

from __future__ import annotations

import sys
import time
import uuid
from datetime import UTC, date, datetime
from itertools import pairwise

import sqlalchemy as sa

from benchmarks.redis_layout import CODES, make_scores, used_memory
from contracts.settings import load_settings
from serve.published.run_info import RunInfo
from serve.publishing.content_digest import ContentDigest
from serve.publishing.publish import Publisher
from stores.connections import redis_client, sql_engine

RANGE = 20_000


def main(consumers: int) -> None:
    settings = load_settings().require("results_url", "redis_url", "cache_key")
    engine = sql_engine(settings.secret("results_url"), timeout=10)
    cache = redis_client(settings.secret("redis_url"), timeout=60)
    publisher = Publisher(engine, cache, cache_key=settings.secret("cache_key").encode())
    scores = make_scores(consumers)
    texts = {code: {"aumenta": code, "reduz": code} for code in CODES}
    run = RunInfo(uuid.uuid4(), date.today(), "medida", "medida", 12, texts, datetime.now(UTC))
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO execucao (id, data_referencia, modelo_versao, situacao, iniciada_em)"
                " VALUES (:id, :day, 'medida', 'em_andamento', now())"
            ),
            {"id": run.execucao_id, "day": run.data_referencia},
        )
    before = used_memory(cache)
    marks = [("", time.perf_counter())]
    publisher.begin(run, consumers=consumers)
    for start in range(0, consumers, RANGE):
        publisher.stage(scores.slice(start, RANGE))
    marks.append(("stage", time.perf_counter()))
    publisher.switch(run)
    marks.append(("switch", time.perf_counter()))
    print(f"Redis: {(used_memory(cache) - before) / consumers:.1f} bytes a consumer")
    publisher._generations.drop(run.execucao_id)
    marks.append(("drop the generation", time.perf_counter()))
    publisher.reconcile()
    marks.append(("restage it from PostgreSQL", time.perf_counter()))
    digest = ContentDigest()
    digest.update(scores)
    marks.append(("digest", time.perf_counter()))
    for (_, start), (name, end) in pairwise(marks):
        print(f"{name}: {end - start:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
