"""A run put in force, as the engine does it: entered, staged, switched to; and what the API then answers of a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from contracts.cpf import mask_cpf
from contracts.settings import Settings
from serve.published.person_hash import PersonHash
from serve.published.run_info import RunInfo
from serve.publishing.publish import Publisher
from stores.connections import redis_client, sql_engine
from tests.score_samples import TEXTS, open_run


@contextmanager
def publishing(settings: Settings) -> Iterator[tuple[sa.Engine, Publisher]]:
    """Open the results, and what publishes to them and to Redis."""
    engine = sql_engine(settings.secret("results_url"), timeout=10)
    try:
        with redis_client(settings.secret("redis_url"), timeout=10) as cache:
            yield engine, Publisher(engine, cache, cache_key=PersonHash.from_settings(settings))
    finally:
        engine.dispose()


def put_in_force(engine: sa.Engine, publisher: Publisher, run: RunInfo, scores: pa.Table) -> None:
    """Publish scores as a run that nobody has entered yet."""
    open_run(engine, run)
    publisher.begin(run, consumers=scores.num_rows)
    publisher.stage(scores)
    publisher.switch(run)


def publish(settings: Settings, run: RunInfo, scores: pa.Table) -> None:
    """Publish scores as a run, with connections of its own."""
    with publishing(settings) as (engine, publisher):
        put_in_force(engine, publisher, run, scores)


def score_answer(row: dict[str, Any], run: RunInfo) -> dict[str, Any]:
    """Return what the API answers for a row of the scores that `tests.score_samples` makes."""
    return {
        "cliente_id": row["cliente_id"],
        "cpf_mascarado": mask_cpf(row["cpf"]),
        "score": row["score"],
        "escala": {"min": 0, "max": 1000},
        "faixa": row["faixa"],
        "status": row["status"],
        "probabilidade_inadimplencia": row["probabilidade"],
        "horizonte_meses": 12,
        "motivos": [
            {
                "codigo": reason["codigo"],
                "texto": TEXTS[reason["codigo"]]["aumenta" if reason["pontos"] > 0 else "reduz"],
                "direcao": "aumenta" if reason["pontos"] > 0 else "reduz",
                "pontos": reason["pontos"],
            }
            for reason in row["motivos"]
        ],
        "modelo": {"nome": "cartao", "versao": "m-1"},
        "data_referencia": "2026-10-31",
        "calculado_em": run.calculado_em.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "valido_ate": "2026-11-08",
    }
