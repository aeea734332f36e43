"""The score in scikit-learn: a logistic regression with the usual preparation, points and the four strongest reasons.

Linear, so that its reasons are exact and cheap: a column's coefficient times its value. Rows go in chunks, so that the
matrix of standardized columns does not fill the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CHUNK_ROWS = 100_000
REASONS = 4
PDO = 50
BASE_POINTS = 500
BANDS = ("E", "D", "C", "B", "A")
BAND_LIMITS = (200, 400, 600, 800)
KEYS = ("cpf", "cliente_id", "sem_dados")


def fit(features: pd.DataFrame, is_bad: np.ndarray) -> Pipeline:
    """Return the model of a bad outcome, fitted on feature rows (keys are left out)."""
    inputs = features.drop(columns=list(KEYS), errors="ignore")
    numbers = [name for name in inputs if name != "uf"]
    prepared = ColumnTransformer(
        [
            ("numeros", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
            ("uf", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["uf"]),
        ],
        verbose_feature_names_out=False,
    )
    model = Pipeline([("preparo", prepared), ("regressao", LogisticRegression(max_iter=500))])
    return model.fit(inputs, is_bad)


def score(model: Pipeline, features: pd.DataFrame) -> pd.DataFrame:
    """Return one row a client: score, probability, band, status and reasons; nothing but a status without data."""
    parts = [_score_chunk(model, chunk) for chunk in _chunks(features)]
    return pd.concat(parts, ignore_index=True)


def load(folder: Path) -> Pipeline:
    """Return the model that a benchmark stored."""
    return joblib.load(folder / "regressao.joblib")


def store(model: Pipeline, folder: Path) -> None:
    """Store a model for ``load``."""
    joblib.dump(model, folder / "regressao.joblib")


def _chunks(features: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(features), CHUNK_ROWS):
        yield features.iloc[start : start + CHUNK_ROWS]


def _score_chunk(model: Pipeline, features: pd.DataFrame) -> pd.DataFrame:
    regression: LogisticRegression = model["regressao"]
    columns = model["preparo"].transform(features[model.feature_names_in_])
    points = columns * (regression.coef_[0] * (-PDO / np.log(2)))
    log_odds = columns @ regression.coef_[0] + regression.intercept_[0]
    scores = np.clip(np.rint(BASE_POINTS - PDO / np.log(2) * log_odds), 0, 1000).astype(np.int16)
    known = ~features["sem_dados"].to_numpy()
    result = pd.DataFrame(
        {
            "cliente_id": features["cliente_id"].to_numpy(),
            "cpf": features["cpf"].to_numpy(),
            "score": pd.array(scores, dtype="Int16"),
            "probabilidade": (1 / (1 + np.exp(-log_odds))).astype(np.float32),
            "faixa": pd.Categorical.from_codes(np.digitize(scores, BAND_LIMITS), BANDS).astype("str"),
            "status": np.where(known, "OK", "DADOS_INSUFICIENTES"),
        }
    )
    names = model["preparo"].get_feature_names_out()
    strongest = np.argpartition(-np.abs(points), REASONS, axis=1)[:, :REASONS]
    values = np.take_along_axis(points, strongest, axis=1)
    order = np.argsort(-np.abs(values), axis=1)
    strongest, values = (np.take_along_axis(found, order, axis=1) for found in (strongest, values))
    for place in range(REASONS):
        result[f"motivo_{place + 1}"] = names[strongest[:, place]]
        result[f"pontos_{place + 1}"] = np.rint(values[:, place]).astype(np.int16)
    result.loc[~known, result.columns.difference(["cliente_id", "cpf", "status"])] = pd.NA
    return result
