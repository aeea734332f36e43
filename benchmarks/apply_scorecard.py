"""Rows a second of ``apply_scorecard`` on a wide table, beside the floor: ``np.searchsorted`` alone.

Run: ``python -m benchmarks.apply_scorecard [--rows 1000000] [--terms 60] [--bins 12]``. One thread.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from models.apply import apply_scorecard
from models.inputs import InputType, RiskDirection
from models.scaling import ScoreScale
from models.scorecard import Scorecard, Term

REPETITIONS = 3
MISSING_SHARE = 0.1


def make_scorecard(terms: int, bins: int, rng: np.random.Generator) -> Scorecard:
    cuts = np.linspace(-2, 2, bins - 1)
    made = [
        Term(
            feature=f"x{i:03d}",
            code=f"C{i:03d}",
            kind=InputType.NUMBER,
            direction=RiskDirection.MORE_RISK,
            edges=tuple((cuts + rng.normal(0, 0.01)).tolist()),
            points=tuple(sorted(rng.integers(-60, 60, bins).tolist(), reverse=True)),
            missing_points=int(rng.integers(-20, 20)),
        )
        for i in range(terms)
    ]
    return Scorecard("bancada", 12, ScoreScale(), 600, tuple(made))


def make_table(rows: int, scorecard: Scorecard, rng: np.random.Generator) -> pa.Table:
    ids = pa.array(np.char.zfill(np.arange(rows).astype("U11"), 11))
    columns = {"cpf": ids, "cliente_id": ids, "sem_dados": pa.array(rng.random(rows) < 0.01)}
    for term in scorecard.terms:
        values = rng.normal(size=rows)
        columns[term.feature] = pa.array(values, mask=rng.random(rows) < MISSING_SHARE)
    return pa.table(columns)


def best_seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--terms", type=int, default=60)
    parser.add_argument("--bins", type=int, default=12)
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    scorecard = make_scorecard(args.terms, args.bins, rng)
    table = make_table(args.rows, scorecard, rng)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scores = apply_scorecard(scorecard, table)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    seconds = best_seconds(lambda: apply_scorecard(scorecard, table))
    arrays = [(np.array(t.edges), table[t.feature].to_numpy()) for t in scorecard.terms]
    floor = best_seconds(lambda: [np.searchsorted(edges, values) for edges, values in arrays])
    print(f"{args.rows} rows x {args.terms} terms x {args.bins} bins, one thread")
    print(f"apply_scorecard (score, probability, band, 4 reasons): {seconds:.2f} s, {args.rows / seconds:,.0f} rows/s")
    print(f"np.searchsorted alone:                                 {floor:.2f} s, {args.rows / floor:,.0f} rows/s")
    print(f"time over that floor: {seconds / floor:.2f}; result {scores.nbytes / 2**20:.0f} MiB, peak +{grown:.0f} MiB")


if __name__ == "__main__":
    main()
