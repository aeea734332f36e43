"""The score in PySpark: features by DataFrame, then scikit-learn's model over Arrow batches (``mapInPandas``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
from pyspark.sql import SparkSession
from sklearn.pipeline import Pipeline

from benchmarks.peers.night import sklearn_score
from benchmarks.peers.night.snapshot import Night
from benchmarks.peers.night.spark_features import write_features

REASONS = ", ".join(f"motivo_{place} string, pontos_{place} int" for place in range(1, sklearn_score.REASONS + 1))
SCORES = f"cliente_id string, cpf string, score int, probabilidade float, faixa string, status string, {REASONS}"


def write_scores(session: SparkSession, night: Night, model: Pipeline, features: Path, scores: Path) -> None:
    """Write features, then the scores that are read off them, as folders of Parquet files."""
    write_features(session, night, features)
    shared = session.sparkContext.broadcast(model)

    def score_batches(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            yield sklearn_score.score(shared.value, batch)

    session.read.parquet(str(features)).mapInPandas(score_batches, SCORES).write.mode("overwrite").parquet(str(scores))
