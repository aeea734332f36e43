"""Time and memory of ``train_scorecard`` on dated samples of correlated, informative features.

Run: ``python -m benchmarks.train_scorecard [--rows 200000] [--dates 3] [--features 60]``; one more date validates.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import date

import numpy as np
import pyarrow as pa

from models.inputs import InputFeature, InputType, RiskDirection
from models.label import LABELS_SCHEMA
from models.train import DatedSample, TrainingData, train_scorecard

HIDDEN = 6
"""Latent causes behind the features: windows of one behaviour are correlated, as real ones are."""


def make_sample(as_of: date, rows: int, features: int) -> DatedSample:
    rng = np.random.default_rng(as_of.toordinal())
    causes = rng.normal(size=(HIDDEN, rows))
    ids = pa.array(np.char.zfill(np.arange(rows).astype("U11"), 11))
    columns = {"cpf": ids, "cliente_id": ids, "sem_dados": pa.array(rng.random(rows) < 0.02)}
    for i in range(features):
        values = causes[i % HIDDEN] + rng.normal(0, 0.5 + i / features, rows)
        columns[f"x{i:02d}"] = pa.array(values, mask=rng.random(rows) < 0.1)
    p = 1 / (1 + np.exp(2.2 - causes.sum(axis=0) / 2))
    labels = pa.table([ids, ids, pa.array(rng.random(rows) < p)], schema=LABELS_SCHEMA)
    return DatedSample(as_of, pa.table(columns), labels)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dates", type=int, default=3)
    parser.add_argument("--features", type=int, default=60)
    args = parser.parse_args()
    inputs = [
        InputFeature(f"x{i:02d}", f"X{i:02d}", InputType.NUMBER, RiskDirection.MORE_RISK, "", "")
        for i in range(args.features)
    ]
    samples = [make_sample(date(2022, 1 + month, 1), args.rows, args.features) for month in range(args.dates + 1)]
    data = TrainingData(samples[:-1], samples[-1], date(2025, 6, 30))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    model = train_scorecard(data, inputs)
    seconds = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    late = model.metrics.validation
    print(f"{args.rows} rows x {args.dates} dates x {args.features} features, and one date to validate")
    print(f"{seconds:.1f} s, peak +{grown:.0f} MiB over the data; {len(model.scorecard.terms)} terms kept")
    print(f"out of time: AUC {late.auc:.4f}, ECE {late.ece:.4f}, PSI {model.metrics.psi_validation:.4f}")


if __name__ == "__main__":
    main()
