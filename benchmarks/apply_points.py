"""Rows a second of ``apply_points`` with reasons, beside interpret's EBM and LightGBM giving their explanations.

Run: ``python -m benchmarks.apply_points [--rows 1000000] [--features 60] [--pairs 20]``. The points tables are made
from the EBMs' own cuts and scores: the same terms, the same cells. An EBM gives ``predict_proba`` and
``eval_terms``; LightGBM ``predict(pred_contrib=True)``, on fewer rows. Nobody else should be using the machine.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
from interpret.glassbox import ExplainableBoostingClassifier

from contracts.feature_terms import InputType
from models.points.apply import apply_points, score_batches
from models.points.scaling import ScoreScale
from models.points.table import MAX_POINTS, Axis, PointsTable, Term

REPETITIONS = 3
MISSING_SHARE = 0.1
FIT_ROWS = 20_000
MAX_BINS, MAX_PAIR_BINS = 32, 8
TREES, LEAVES = 100, 31
CONTRIB_ROWS = 10_000
STREAMED_ROWS = 250_000
"""Rows of the table that the stream repeats."""


def make_values(rows: int, features: int, rng: np.random.Generator) -> np.ndarray:
    """Return skewed and symmetric numbers, a tenth missing, column by column in memory."""
    values = rng.normal(size=(features, rows))
    values[::2] = np.exp(values[::2] * 2)
    for column in values:
        column[rng.integers(0, rows, int(rows * MISSING_SHARE))] = np.nan
    return values.T


def make_labels(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    known = np.nan_to_num(values[:, :8])
    return rng.random(len(values)) < 1 / (1 + np.exp(-np.tanh(known).sum(axis=1) - known[:, 1] * known[:, 3] + 2))


def fit_ebm(values: np.ndarray, labels: np.ndarray, pairs: int) -> Any:
    warnings.filterwarnings("ignore", "Missing values detected")
    crossed = [(i, i + 20) for i in range(pairs)]
    ebm = ExplainableBoostingClassifier(
        max_bins=MAX_BINS, max_interaction_bins=MAX_PAIR_BINS, interactions=crossed or 0, outer_bags=1, max_rounds=40
    )
    return ebm.fit(values, labels)


def compile_ebm(ebm: Any) -> PointsTable:
    """Return a points table of the EBM's terms: its cuts, and its scores in whole points."""
    scale = ScoreScale()

    def axis(feature: int, size: int) -> Axis:
        resolutions = ebm.bins_[feature]
        cuts = resolutions[min(size, len(resolutions)) - 1]
        return Axis(f"x{feature:02d}", InputType.NUMBER, edges=tuple(map(float, cuts)))

    terms = []
    for features, scores in zip(ebm.term_features_, ebm.term_scores_, strict=True):
        points = np.clip(np.rint(-scale.factor * scores), -MAX_POINTS, MAX_POINTS).astype(int)
        for place in range(points.ndim):  # interpret keeps missing first and unknown last
            points = np.moveaxis(points, place, 0)
            points = np.moveaxis(np.concatenate([points[1:], points[:1]]), 0, place)
        axes = tuple(axis(feature, len(features)) for feature in features)
        terms.append(Term("*".join(a.feature for a in axes), axes, tuple(points.ravel().tolist())))
    return PointsTable("bancada", 12, scale, 600, tuple(terms))


def as_table(values: np.ndarray, rng: np.random.Generator) -> pa.Table:
    rows, features = values.shape
    ids = pa.array(np.char.zfill(np.arange(rows).astype("U11"), 11))
    columns = {"cpf": ids, "cliente_id": ids, "sem_dados": pa.array(rng.random(rows) < 0.01)}
    for i in range(features):
        columns[f"x{i:02d}"] = pa.array(values[:, i], mask=np.isnan(values[:, i]))
    return pa.table(columns)


def best_seconds(work: Callable[[], object], repetitions: int = REPETITIONS) -> float:
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def streamed_peak(points: PointsTable, table: pa.Table, times: int, threads: int) -> float:
    """Score a stream of the table so many times over, keeping nothing; return the process's peak in MiB."""

    def source() -> Iterator[pa.RecordBatch]:
        for _ in range(times):
            yield from table.to_batches()

    rows = sum(batch.num_rows for batch in score_batches(points, source(), threads=threads))
    assert rows == times * table.num_rows
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(name: str, rows: int, seconds: float, ours: float | None = None) -> None:
    ratio = "" if ours is None else f"   ours on 2 threads is {rows_ratio(rows, seconds, ours):.1f} times as fast"
    print(f"{name:58} {rows / seconds:>12,.0f} rows/s{ratio}", flush=True)


def rows_ratio(rows: int, seconds: float, ours: float) -> float:
    return ours / (rows / seconds)


def compare(ebm: Any, points: PointsTable, values: np.ndarray, *, table: pa.Table) -> float:
    rows, pairs = len(values), sum(term.is_pair for term in points.terms)
    print(f"\n{len(points.terms) - pairs} terms and {pairs} pairs, {rows:,} rows")
    assert apply_points(points, table, threads=2).equals(apply_points(points, table))
    for threads in (1, 2):
        seconds = best_seconds(lambda threads=threads: apply_points(points, table, threads=threads))
        report(f"apply_points with four reasons, {threads} thread(s)", rows, seconds)
    ours = rows / seconds
    seconds = best_seconds(lambda: (ebm.predict_proba(values), ebm.eval_terms(values)), 1)
    report("interpret EBM, predict_proba and eval_terms", rows, seconds, ours)
    return ours


def compare_trees(values: np.ndarray, labels: np.ndarray, ours: float) -> None:
    options = {"objective": "binary", "num_leaves": LEAVES, "num_threads": 2, "verbosity": -1}
    trees = lightgbm.train(options, lightgbm.Dataset(values[:FIT_ROWS], labels), TREES)
    part = np.ascontiguousarray(values[:CONTRIB_ROWS])
    seconds = best_seconds(lambda: trees.predict(part, pred_contrib=True, num_threads=2))
    name = f"LightGBM pred_contrib, {TREES} trees of {LEAVES}, {CONTRIB_ROWS:,} rows"
    report(name, CONTRIB_ROWS, seconds, ours)


def show_floor(points: PointsTable, values: np.ndarray) -> None:
    rows = len(values)
    edges = {t.axes[0].feature: np.array(t.axes[0].edges) for t in points.terms if not t.is_pair}
    pairs = [(cuts, values[:, i]) for i, (_, cuts) in enumerate(sorted(edges.items()))]
    searched = best_seconds(lambda: [np.searchsorted(*pair) for pair in pairs], 1)
    report("floor: np.searchsorted of every column, 1 thread", rows, searched)
    read = best_seconds(lambda: [column.max() for _, column in pairs])
    report("floor: reading every column once (np.max), 1 thread", rows, read)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=20)
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    small = make_values(STREAMED_ROWS, args.features, rng)
    labels = make_labels(small[:FIT_ROWS], rng)
    fitted = [fit_ebm(small[:FIT_ROWS], labels, pairs) for pairs in (0, args.pairs)]
    compiled = [compile_ebm(ebm) for ebm in fitted]
    stream = as_table(small, rng)
    one, four = (streamed_peak(compiled[1], stream, million * 4, threads=2) for million in (1, 4))
    print(f"streamed on 2 threads: peak {one:,.0f} MiB after 1 million rows, {four - one:+.1f} MiB after 4 million")
    del stream
    values = make_values(args.rows, args.features, rng)
    table = as_table(values, rng)
    for ebm, points in zip(fitted, compiled, strict=True):
        ours = compare(ebm, points, values, table=table)
    compare_trees(values, labels, ours)
    show_floor(compiled[1], values)


if __name__ == "__main__":
    main()
