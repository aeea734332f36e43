"""``Scorecard`` with default settings on public credit data, beside its peers in the same folds.

Run: ``python -m benchmarks.public_credit [--data ../shared/data] [--sets german uci] [--ebm]``. Five stratified folds,
``random_state=1``; mean AUC and Brier score over the folds, and seconds. LightGBM twice: as it comes, and with a slower
rate and fewer leaves, which suits data of this size; the better one is what the last columns compare with.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from interpret.glassbox import ExplainableBoostingClassifier
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from models import Scorecard

FOLDS, SEED = 5, 1
TUNED = {"learning_rate": 0.03, "n_estimators": 200, "num_leaves": 15}


def read_uci(root: Path) -> tuple[pd.DataFrame, np.ndarray]:
    table = pd.read_parquet(root / "uci_credit_card" / "uci_credit_card.parquet")
    inputs = table.columns[:-1]
    return table[[name for name in inputs if name.lower() != "id"]], table.iloc[:, -1].to_numpy(int)


def read_german(root: Path) -> tuple[pd.DataFrame, np.ndarray]:
    table = pd.read_csv(root / "german" / "german.data", sep=" ", header=None)
    table.columns = [f"a{place}" for place in range(table.shape[1])]
    return table.iloc[:, :-1], (table.iloc[:, -1] == 2).to_numpy(int)


READERS = {"german": read_german, "uci": read_uci}


def with_categories(frame: pd.DataFrame) -> pd.DataFrame:
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.astype(dict.fromkeys(texts, "category"))


def logistic() -> Any:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, LogisticRegression(max_iter=1_000))


PEERS: dict[str, Callable[[], Any]] = {
    "Scorecard": Scorecard,
    "LightGBM": lambda: lightgbm.LGBMClassifier(verbose=-1, n_jobs=2),
    "LightGBM, slower": lambda: lightgbm.LGBMClassifier(verbose=-1, n_jobs=2, **TUNED),
    "logistic regression": logistic,
}


def cross_validate(make: Callable[[], Any], frame: pd.DataFrame, y: np.ndarray) -> tuple[float, float, float]:
    """Return mean AUC, mean Brier score and seconds a fold."""
    ranking, squares, started = [], [], time.perf_counter()
    for fit, judge in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(frame, y):
        p = make().fit(frame.iloc[fit], y[fit]).predict_proba(frame.iloc[judge])[:, 1]
        ranking.append(roc_auc_score(y[judge], p))
        squares.append(brier_score_loss(y[judge], p))
    return float(np.mean(ranking)), float(np.mean(squares)), (time.perf_counter() - started) / FOLDS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", nargs="+", choices=sorted(READERS), default=sorted(READERS))
    parser.add_argument("--ebm", action="store_true", help="Add interpret's EBM as it comes (minutes).")
    args = parser.parse_args()
    peers = dict(PEERS)
    if args.ebm:
        peers["EBM"] = lambda: ExplainableBoostingClassifier(n_jobs=2)
    for name in args.sets:
        frame, y = READERS[name](args.data)
        frame = with_categories(frame)
        print(f"{name}: {len(frame):,} rows x {frame.shape[1]} columns, {y.mean():.1%} bad; {FOLDS} folds, seed {SEED}")
        found = {peer: cross_validate(make, frame, y) for peer, make in peers.items()}
        for peer, (ranking, square, seconds) in found.items():
            print(f"  {peer:<20} AUC {ranking:.4f}  Brier {square:.4f}  {seconds:6.1f} s a fold")
        ours = found["Scorecard"]
        rivals = [result for peer, result in found.items() if peer.startswith("LightGBM")]
        best_auc, best_brier = max(r[0] for r in rivals), min(r[1] for r in rivals)
        print(f"  Scorecard - best LightGBM: AUC {ours[0] - best_auc:+.4f}, Brier x {ours[1] / best_brier:.3f}\n")


if __name__ == "__main__":
    main()
