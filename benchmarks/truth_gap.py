"""How near a model comes to the truth: its AUC over that of the true probabilities, on the same rows and labels.

Generates consumers block by block without any store, builds their features as of three quarterly dates and of the
last three month-ends with known labels, fits on 85% of the consumers at the former and judges on the other 15% at the
latter. The samples stay as Parquet, one file a date, for whoever wants to fit on them again (``--fit-only``).

"expected" figures take each row's true probability for its label, which leaves out the luck of the draw.

Run: ``python -m benchmarks.truth_gap [--clients 40000] [--seed 1] [--models ebm,boosting,logistic,scorecard]``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.generated_samples import FOLD, sample_path, write_samples
from contracts.feature_terms import RiskDirection
from contracts.reference_date import add_months, last_month_end
from contracts.score_terms import BAND_UPPER_SCORES, SCORE_MAX, SCORE_MIN, Band
from features.catalog import FEATURES
from models.label import latest_labelled_date
from population.default_probability import HORIZON_MONTHS
from population.parameters import DEFAULT_EVENTS, PopulationParameters

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Fit = Callable[[pd.DataFrame, BoolArray, pd.DataFrame], FloatArray]

TRAINING_DATES = 3
JUDGED_DATES = 3
BASE_POINTS, BASE_ODDS, POINTS_TO_DOUBLE = 600, 10.0, 80.0
APPROVED_FROM = dict(BAND_UPPER_SCORES)[Band.FAIR] + 1
ECE_BINS = 10
BAND_LIMITS = np.array([upper for _, upper in BAND_UPPER_SCORES[:-1]])
TEXTS = tuple(feature.name for feature in FEATURES if feature.dtype == "text")
DIRECTIONS = {f.name: f.direction for f in FEATURES if f.direction is not RiskDirection.FREE}


def plan_dates(observed_until: date) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Return the quarterly dates to fit at, and the last month-ends with known labels to judge at."""
    latest = last_month_end(latest_labelled_date(observed_until, HORIZON_MONTHS))
    first_after = latest + timedelta(days=1)
    judged = [add_months(first_after, -back) - timedelta(days=1) for back in reversed(range(JUDGED_DATES))]
    quarters = [add_months(judged[0] + timedelta(days=1), -3 * back) for back in range(TRAINING_DATES, 0, -1)]
    return tuple(day - timedelta(days=1) for day in quarters), tuple(judged)


def fit_ebm(x: pd.DataFrame, bad: BoolArray, judged: pd.DataFrame) -> FloatArray:
    from interpret.glassbox import ExplainableBoostingClassifier  # noqa: PLC0415 - seconds to import

    model = ExplainableBoostingClassifier(
        outer_bags=4, interactions=20, max_bins=32, max_interaction_bins=8, n_jobs=1, random_state=0
    )
    return np.asarray(model.fit(x, bad).predict_proba(judged)[:, 1])


def fit_scorecard(x: pd.DataFrame, bad: BoolArray, judged: pd.DataFrame) -> FloatArray:
    from models import Scorecard  # noqa: PLC0415

    model = Scorecard(monotone=DIRECTIONS, n_jobs=1)
    return np.asarray(model.fit(x, bad).predict_proba(judged)[:, 1])


def fit_boosting(x: pd.DataFrame, bad: BoolArray, judged: pd.DataFrame) -> FloatArray:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=400, max_leaf_nodes=15, min_samples_leaf=200, l2_regularization=5.0,
        early_stopping=True, categorical_features="from_dtype", random_state=0,
    )  # fmt: skip
    return np.asarray(model.fit(x, bad).predict_proba(judged)[:, 1])


def fit_logistic(x: pd.DataFrame, bad: BoolArray, judged: pd.DataFrame) -> FloatArray:
    from sklearn.compose import make_column_transformer  # noqa: PLC0415
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer  # noqa: PLC0415

    numbers = [name for name in x.columns if name not in TEXTS]
    spread = QuantileTransformer(n_quantiles=100, output_distribution="normal", random_state=0)
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), spread), numbers),
        (OneHotEncoder(handle_unknown="ignore"), list(TEXTS)),
    )
    model = make_pipeline(columns, LogisticRegression(C=0.03, max_iter=300, tol=1e-3))
    return np.asarray(model.fit(x, bad).predict_proba(judged)[:, 1])


MODELS: dict[str, Fit] = {
    "ebm": fit_ebm,
    "boosting": fit_boosting,
    "logistic": fit_logistic,
    "scorecard": fit_scorecard,
}


def area(score: FloatArray, weight_bad: FloatArray) -> float:
    """Return the AUC of a risk where each row is bad with weight ``weight_bad`` and good with the rest."""
    _, place = np.unique(score, return_inverse=True)
    bad, good = np.bincount(place, weight_bad), np.bincount(place, 1.0 - weight_bad)
    below = np.cumsum(good) - good / 2
    return float((bad * below).sum() / (bad.sum() * good.sum()))


def calibration_error(chance: FloatArray, bad: BoolArray | FloatArray) -> float:
    """Return the expected calibration error over ten bins of equal counts."""
    parts = np.array_split(np.argsort(chance, kind="stable"), ECE_BINS)
    return float(sum(len(part) * abs(bad[part].mean() - chance[part].mean()) for part in parts) / len(chance))


def to_points(chance: FloatArray) -> FloatArray:
    """Return scores on the default scale."""
    odds = np.log((1 - chance) / chance) - np.log(BASE_ODDS)
    points: FloatArray = np.clip(np.round(BASE_POINTS + POINTS_TO_DOUBLE / np.log(2) * odds), SCORE_MIN, SCORE_MAX)
    return points


def read_rows(folder: Path, dates: tuple[date, ...], part: str) -> pa.Table:
    tables = [pq.read_table(sample_path(folder, day), filters=[(FOLD, "=", part)]) for day in dates]
    return pa.concat_tables(tables).combine_chunks()


def frame_of(rows: pa.Table) -> pd.DataFrame:
    """Return the features as a frame, text as categories."""
    frame: pd.DataFrame = rows.select([feature.name for feature in FEATURES]).to_pandas()
    return frame.astype(dict.fromkeys(TEXTS, "category"))


def describe_truth(rows: pa.Table, truth: FloatArray, bad: BoolArray) -> None:
    print(f"judged: {len(bad):,} rows, bad {bad.mean():.1%}, true mean {truth.mean():.1%}")
    print(
        f"truth: AUC {area(truth, bad.astype(float)):.4f}, expected {area(truth, truth):.4f},"
        f" ECE {calibration_error(truth, bad):.4f}"
    )
    for group in ("sexo", "faixa_etaria"):
        groups = rows[group].to_numpy(zero_copy_only=False)
        shares = [f"{name} {bad[groups == name].mean():.1%}" for name in sorted({g for g in groups if g})]
        print(f"  bad rate by {group}: {', '.join(shares)}")


def describe_model(name: str, chance: FloatArray, rows: pa.Table, *, seconds: float) -> None:
    truth, bad = np.asarray(rows["probabilidade"]), np.asarray(rows["is_bad"])
    ratio = area(chance, bad.astype(float)) / area(truth, bad.astype(float))
    points = to_points(chance)
    bands = np.bincount(np.searchsorted(BAND_LIMITS, points), minlength=len(BAND_LIMITS) + 1) / len(points)
    print(
        f"{name}: AUC {area(chance, bad.astype(float)):.4f}, of the truth's {ratio:.4f}"
        f" (expected {area(chance, truth) / area(truth, truth):.4f}),"
        f" ECE {calibration_error(chance, bad):.4f} (expected {calibration_error(chance, truth):.4f}), {seconds:.0f} s"
    )
    print(f"  bands: {', '.join(f'{share:.1%}' for share in bands)}")
    for group in ("sexo", "faixa_etaria"):
        groups = rows[group].to_numpy(zero_copy_only=False)
        names = sorted({value for value in groups if value})
        approved = {value: (points[groups == value] >= APPROVED_FROM).mean() for value in names}
        top = max(approved.values())
        print(f"  approved by {group}: {', '.join(f'{k} {v:.1%} ({v / top:.2f})' for k, v in approved.items())}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2025, 6, 30))
    parser.add_argument("--events", type=float, default=DEFAULT_EVENTS)
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "truth_gap")
    parser.add_argument("--models", default="ebm,boosting,logistic,scorecard")
    parser.add_argument("--fit-only", action="store_true")
    args = parser.parse_args()
    training, judged = plan_dates(args.as_of)
    print(
        f"{args.clients:,} consumers; fit at {', '.join(map(str, training))}; judged at {', '.join(map(str, judged))}"
    )
    if not args.fit_only:
        start = time.perf_counter()
        parameters = PopulationParameters(args.clients, args.seed, args.as_of, mean_events=args.events)
        write_samples(parameters, (*training, *judged), args.folder)
        print(f"generated and built in {time.perf_counter() - start:.0f} s into {args.folder}", flush=True)
    fit_rows = read_rows(args.folder, training, "ajuste")
    judged_rows = read_rows(args.folder, judged, "nunca_vistos")
    x, bad, late = frame_of(fit_rows), np.asarray(fit_rows["is_bad"]), frame_of(judged_rows)
    print(f"fit: {len(x):,} rows, bad {bad.mean():.1%}")
    describe_truth(judged_rows, np.asarray(judged_rows["probabilidade"]), np.asarray(judged_rows["is_bad"]))
    for name in args.models.split(","):
        start = time.perf_counter()
        chance = MODELS[name](x, bad, late)
        describe_model(name, chance, judged_rows, seconds=time.perf_counter() - start)


if __name__ == "__main__":
    main()
