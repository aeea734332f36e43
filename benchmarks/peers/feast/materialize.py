"""A night's scores by Feast: a Parquet file materialized into Redis, then some of it read back.

    venv-feast/bin/python benchmarks/peers/feast/materialize.py SCORES.parquet FOLDER

Runs in Feast's own environment and imports nothing of the engine. The Redis to fill is that of the environment
variable ``FEAST_REDIS``, in Feast's form. A project as its documentation has it: one entity, one feature view over a
file source, the local provider, a registry in a file. For throughput the rows go in batches and are not compared with
older ones (``skip_dedup``), of which there are none. Seconds begin when Feast is loaded and its project applied.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

os.environ.update(DO_NOT_TRACK="1", FEAST_USAGE="False")

import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.infra.offline_stores.file_source import ParquetFormat
from feast.types import Array, Float32, Int64, String

BATCH_ROWS = 10_000
READ_BACK = 500
VIEW = "pontuacao"
FIELDS = {
    "cpf": String,
    "score": Int64,
    "probabilidade": Float32,
    "faixa": String,
    "status": String,
    "motivos": Array(String),
    "pontos": Array(Int64),
}
"""What a published score holds."""


def apply_project(scores: Path, folder: Path, redis: str) -> FeatureStore:
    """Return the store of a project whose one feature view is the file's scores by consumer."""
    config = RepoConfig(
        project="escore",
        provider="local",
        registry=str(folder / "registry.db"),
        offline_store={"type": "file"},
        online_store={"type": "redis", "connection_string": redis, "skip_dedup": True},
        materialization={"online_write_batch_size": BATCH_ROWS},
        entity_key_serialization_version=3,
    )
    source = FileSource(name="noite", path=str(scores), file_format=ParquetFormat(), timestamp_field="momento")
    consumer = Entity(name="cliente", join_keys=["cliente_id"], value_type=ValueType.STRING)
    view = FeatureView(
        name=VIEW,
        entities=[consumer],
        ttl=timedelta(days=30),
        schema=[Field(name=name, dtype=kind) for name, kind in FIELDS.items()],
        source=source,
        online=True,
    )
    store = FeatureStore(config=config)
    store.apply([consumer, view])
    return store


def count_unequal(store: FeatureStore, scores: Path) -> int:
    """Return how many of some consumers, all over the file, read back otherwise than they were written."""
    table = pq.read_table(scores)
    step = max(1, table.num_rows // READ_BACK)
    rows = table.take(list(range(0, table.num_rows, step)))
    found = store.get_online_features(
        features=[f"{VIEW}:{name}" for name in FIELDS],
        entity_rows=[{"cliente_id": text} for text in rows["cliente_id"].to_pylist()],
    ).to_dict()
    columns = {name: rows[name].to_pylist() for name in FIELDS}
    return sum(any(found[name][i] != columns[name][i] for name in FIELDS) for i in range(rows.num_rows))


def cpu_seconds() -> float:
    """Return the CPU of this process and of its ended children."""
    every = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in every)


def main() -> None:
    scores, folder = Path(sys.argv[1]), Path(sys.argv[2])
    store = apply_project(scores, folder, os.environ["FEAST_REDIS"])
    now = datetime.now(timezone.utc)  # noqa: UP017 - Feast runs on Python 3.10 too
    before, started = cpu_seconds(), time.perf_counter()
    store.materialize(now - timedelta(days=2), now)
    took = {"wall": time.perf_counter() - started, "cpu": cpu_seconds() - before}
    print(json.dumps({**took, "unequal": count_unequal(store, scores)}), flush=True)


if __name__ == "__main__":
    main()
