"""Time and memory of a whole training, step by step, on dated samples of correlated, informative features.

Run: ``python -m benchmarks.train_scorecard [--rows 200000] [--dates 3] [--features 64]``; three more dates validate.
Selection of hyper-parameters, challengers, evidence and the gate are all in the time.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import date

import numpy as np
import pyarrow as pa

from contracts.feature_terms import InputType, RiskDirection
from models.inputs import InputFeature
from models.label import LABELS_SCHEMA
from models.training.train import DatedSample, TrainingData, train_scorecard

HIDDEN = 6
"""Latent causes behind the features: windows of one behaviour are correlated, as real ones are."""

FREE_SHARE = 6
"""One feature in so many has no declared direction, as in the catalog; crossed terms are looked for among those."""

TRAINING_DATES = (date(2023, 12, 31), date(2024, 3, 31), date(2024, 6, 30), date(2023, 9, 30), date(2023, 6, 30))
VALIDATION_DATES = (date(2024, 7, 31), date(2024, 8, 31), date(2024, 9, 30))
STATES = np.array(["SP", "RJ", "MG", "BA", "RS", "PE", "AC"])


def make_inputs(features: int) -> list[InputFeature]:
    """Return the declared inputs of the samples: numbers, then age and a category."""
    numbers = [
        InputFeature(f"x{i:02d}", f"X{i:02d}", InputType.NUMBER, _direction(i), "", "") for i in range(features - 2)
    ]
    age = InputFeature("idade", "IDADE", InputType.NUMBER, RiskDirection.FREE, "", "")
    return [*numbers, age, InputFeature("uf", "UF", InputType.CATEGORY, RiskDirection.FREE, "", "")]


def make_sample(as_of: date, rows: int, features: int) -> DatedSample:
    """Return the same consumers as of any date, their features noisy sights of causes that drift from date to date."""
    rng = np.random.default_rng(as_of.toordinal())
    causes = np.random.default_rng(1).normal(size=(HIDDEN, rows)) + rng.normal(0, 0.5, (HIDDEN, rows))
    ids = pa.array(np.char.zfill(np.arange(rows).astype("U11"), 11))
    state = rng.integers(0, len(STATES), rows)
    columns = {"cpf": ids, "cliente_id": ids, "sem_dados": pa.array(rng.random(rows) < 0.02)}
    for i in range(features - 2):
        values = causes[i % HIDDEN] + rng.normal(0, 0.5 + i / features, rows)
        columns[f"x{i:02d}"] = pa.array(values, mask=rng.random(rows) < 0.1)
    columns["idade"] = pa.array(np.random.default_rng(3).integers(18, 90, rows).astype(np.float64))
    columns["uf"] = pa.array(STATES[state])
    log_odds = causes.sum(axis=0) / 2 + 0.3 * causes[0] * causes[1] + 0.1 * state - 2.5
    labels = pa.table([ids, ids, pa.array(rng.random(rows) < 1 / (1 + np.exp(-log_odds)))], schema=LABELS_SCHEMA)
    return DatedSample(as_of, pa.table(columns), labels)


def make_protected(rows: int) -> pa.Table:
    """Return a sex and a marital status that nothing depends on, by which fairness is measured."""
    rng = np.random.default_rng(2)
    ids = pa.array(np.char.zfill(np.arange(rows).astype("U11"), 11))
    sex, status = np.array(["F", "M"]), np.array(["solteiro", "casado", "divorciado"])
    return pa.table(
        {"cpf": ids, "sexo": sex[rng.integers(0, 2, rows)], "estado_civil": status[rng.integers(0, 3, rows)]}
    )


class StepTimes:
    """Seconds and peak memory of each step, printed as it ends."""

    def __init__(self) -> None:
        self.started = self.last = time.perf_counter()
        self.step = ""

    def __call__(self, step: str) -> None:
        """End the step that runs and begin another."""
        now = time.perf_counter()
        if self.step:
            print(f"{now - self.last:8.1f} s  {_peak():6.0f} MiB  {self.step}", flush=True)
        self.last, self.step = now, step

    @property
    def total(self) -> float:
        """Return the seconds since the beginning."""
        return time.perf_counter() - self.started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="consumers")
    parser.add_argument("--dates", type=int, default=3, choices=range(1, 6), help="training dates")
    parser.add_argument("--features", type=int, default=64)
    args = parser.parse_args()
    inputs = make_inputs(args.features)
    samples = [make_sample(day, args.rows, args.features) for day in sorted(TRAINING_DATES[: args.dates])]
    later = [make_sample(day, args.rows, args.features) for day in VALIDATION_DATES]
    data = TrainingData(samples, later, date(2025, 12, 31), make_protected(args.rows), "idade")
    print(f"{args.rows} consumers x {args.dates} dates x {args.features} features, and 3 dates to validate")
    print(f"{'':10}  {_peak():6.0f} MiB  the data alone")
    times = StepTimes()
    model = train_scorecard(data, inputs, report=times)
    times("")
    print(f"{times.total:8.1f} s  {_peak():6.0f} MiB  whole training; {len(model.points.terms)} terms")
    print(f"model {model.points.sha256[:12]}; chosen {model.record.selection.chosen}")
    for figure in model.record.selection.figures:
        print(f"  {figure.candidate}: log-loss {figure.log_loss:.5f}, gap {figure.gap:.5f} ± {figure.gap_error:.5f}")
    for check in model.decision.checks:
        print(f"  {'ok  ' if check.passed else 'FAIL'} {check.text}")


def _direction(number: int) -> RiskDirection:
    return RiskDirection.FREE if number % FREE_SHARE == 0 else RiskDirection.MORE_RISK


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
