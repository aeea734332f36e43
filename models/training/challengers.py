"""Challengers: the black box and the plain regression that the scorecard is compared with at each training.

Both learn from the same rows as the scorecard, are calibrated on the same consumers and judged on the same later
rows; neither is ever put in force. The boosting has no constraint and reads every input as it stands: what it gains
over the scorecard is the price of transparency. The regression is what a scorecard must beat to be worth its points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from contracts.feature_terms import InputType
from models.inputs import InputFeature
from models.training.data import Flags, input_column, is_in_share, is_known

BOOSTING = "gradient_boosting"
LOGISTIC = "regressao_logistica"

BOOSTING_OPTIONS = {
    "learning_rate": 0.05,
    "max_iter": 1_000,
    "min_samples_leaf": 40,
    "l2_regularization": 1.0,
    "n_iter_no_change": 30,
    "tol": 0.0,
}
"""Small steps, as many as the watched consumers' loss asks for: the usual strong setting for tables of this size."""

TREE_LEAVES = (7, 15, 31)
"""Sizes of tree that are tried: a black box that nobody tuned would make transparency look cheap."""

TUNING_ROWS = 30_000
"""Rows on which the size is chosen, at most."""

WATCH_SHARE = 0.15
"""Share of the fit consumers by whose loss the boosting stops and its size is chosen; it learns from the others."""

MAX_CATEGORIES = 200
"""Values of a category that are told apart, the commonest first: scikit-learn's boosting takes at most 255."""

PREDICTED_ROWS = 65_536
"""Rows predicted at a time: a matrix of all would double the memory."""

INVERSE_PENALTY = 1.0
"""``C`` of the L2 penalty on standardized columns, scikit-learn's default."""

MAX_STEPS = 500
_WATCH_SEED, _TUNING_SEED = 103, 104
"""Added to the training's seed: draws independent of the split into parts and of each other."""

Floats: TypeAlias = npt.NDArray[np.float64]
LogOdds: TypeAlias = Callable[[pa.Table], Floats]
"""Gives the log-odds of bad, uncalibrated, of each row of a table that holds the inputs."""


@dataclass(frozen=True, slots=True)
class InputMatrix:
    """How inputs become a matrix: numbers as they are, a category as the rank of its value.

    A missing value is NaN; so is an infinite one, which neither challenger can take.
    """

    inputs: tuple[InputFeature, ...]
    categories: tuple[pa.Array | None, ...]

    @property
    def is_category(self) -> list[bool]:
        """Return which columns are categories."""
        return [feature.dtype is InputType.CATEGORY for feature in self.inputs]

    def build(self, rows: pa.Table) -> Floats:
        """Return the matrix of a table, rows x inputs."""
        matrix = np.empty((rows.num_rows, len(self.inputs)), order="F")
        for place, (feature, values) in enumerate(zip(self.inputs, self.categories, strict=True)):
            column = input_column(rows, feature)
            if values is not None:
                column = pc.index_in(column, value_set=values, skip_nulls=True).cast(pa.float64())
            matrix[:, place] = column.to_numpy(zero_copy_only=False)
        matrix[np.isinf(matrix)] = np.nan
        return matrix


def learn_matrix(rows: pa.Table, inputs: Sequence[InputFeature]) -> InputMatrix:
    """Return the matrix form of the inputs that the rows know anything of, with each category's common values."""
    known = tuple(feature for feature in inputs if is_known(rows, feature))
    return InputMatrix(known, tuple(_common_values(rows, feature) for feature in known))


def fit_boosting(rows: pa.Table, is_bad: Flags, inputs: Sequence[InputFeature], *, seed: int) -> LogOdds:
    """Return an unconstrained gradient boosting, its trees' size and number set by consumers it does not learn from."""
    watched = is_in_share(rows["cpf"], WATCH_SHARE, seed + _WATCH_SEED)
    drawn = is_in_share(rows["cpf"], min(1.0, TUNING_ROWS / rows.num_rows), seed + _TUNING_SEED)

    def fit(leaves: int, chosen: Flags) -> Any:
        learnt, judged = chosen & ~watched, chosen & watched
        return _fit_trees(rows, is_bad, learnt, judged, inputs=inputs, leaves=leaves, seed=seed)

    losses = {leaves: -float(fit(leaves, drawn)[1].validation_score_.max()) for leaves in TREE_LEAVES}
    return _predictor(*fit(min(losses, key=lambda leaves: losses[leaves]), np.ones(len(is_bad), bool)))


def _fit_trees(  # noqa: PLR0913 - rows, outcomes, who teaches, who judges, and how
    rows: pa.Table,
    is_bad: Flags,
    learnt: Flags,
    judged: Flags,
    *,
    inputs: Sequence[InputFeature],
    leaves: int,
    seed: int,
) -> tuple[InputMatrix, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - slow to import, and only trained here

    taught = rows.filter(pa.array(learnt))
    matrix = learn_matrix(taught, inputs)
    estimator: Any = HistGradientBoostingClassifier(
        categorical_features=matrix.is_category,
        early_stopping=True,
        scoring="loss",
        max_leaf_nodes=leaves,
        random_state=seed,
        **BOOSTING_OPTIONS,
    )
    # On one thread: its sums depend on the number of threads, and on a busy machine two are slower than one.
    with threadpool_limits(1):
        estimator.fit(
            matrix.build(taught),
            is_bad[learnt],
            X_val=matrix.build(rows.filter(pa.array(judged))),
            y_val=is_bad[judged],
        )
    return matrix, estimator


def fit_logistic(rows: pa.Table, is_bad: Flags, inputs: Sequence[InputFeature], *, seed: int) -> LogOdds:
    """Return a plain logistic regression: median imputation with flags, scaling, one column a category's value."""
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415

    matrix = learn_matrix(rows, inputs)
    is_category = np.array(matrix.is_category)
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(copy=False),
    )
    columns = ColumnTransformer(
        [
            ("numeros", numbers, np.flatnonzero(~is_category)),
            ("categorias", OneHotEncoder(handle_unknown="ignore", sparse_output=False), np.flatnonzero(is_category)),
        ]
    )
    estimator: Any = make_pipeline(
        columns, LogisticRegression(C=INVERSE_PENALTY, max_iter=MAX_STEPS, random_state=seed)
    )
    with threadpool_limits(1):
        estimator.fit(matrix.build(rows), is_bad)
    return _predictor(matrix, estimator)


def _predictor(matrix: InputMatrix, estimator: Any) -> LogOdds:
    def log_odds(rows: pa.Table) -> Floats:
        with threadpool_limits(1):
            parts = [
                estimator.decision_function(matrix.build(rows.slice(start, PREDICTED_ROWS)))
                for start in range(0, rows.num_rows, PREDICTED_ROWS)
            ]
        result: Floats = np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
        return result

    return log_odds


def _common_values(rows: pa.Table, feature: InputFeature) -> pa.Array | None:
    if feature.dtype is not InputType.CATEGORY:
        return None
    counts = pc.value_counts(input_column(rows, feature).drop_null())
    ranked = sorted((-item["counts"], item["values"]) for item in counts.to_pylist())
    return pa.array([value for _, value in ranked[:MAX_CATEGORIES]], pa.string())


CHALLENGERS: dict[str, Callable[..., LogOdds]] = {BOOSTING: fit_boosting, LOGISTIC: fit_logistic}
"""Every challenger by its name, and what fits it."""
