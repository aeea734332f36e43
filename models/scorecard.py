"""``Scorecard``: a scikit-learn classifier whose every prediction is a sum of integer points.

Fit on anybody's table (``columns``), cut (``cutting``), boosted term by term with pairs (``boosted_terms``), and
compiled to a table of points (``compilation``). What it predicts with is that table, so that probability, score,
contributions and reasons agree exactly with every other place where the table is applied.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from contracts.feature_terms import RiskDirection
from contracts.score_terms import MAX_REASONS, SCORE_MAX, SCORE_MIN
from models.fitting.boosted_terms import BoostingOptions, fit_terms, rows_a_group
from models.fitting.columns import column_kinds, read_columns
from models.fitting.compilation import compile_points
from models.fitting.cutting import cut_columns
from models.fitting.input import (
    MAX_BAGS,
    MAX_PAIR_BINS,
    check_names,
    checked_directions,
    checked_groups,
    checked_number,
    checked_outcomes,
    checked_pairs,
    checked_scale,
    checked_seed,
    checked_weights,
    refuse_columns,
    with_names_of_one_type,
)
from models.points.apply import raw_scores, term_points
from models.points.cell_codes import axis_codes
from models.points.scaling import DEFAULT_BASE_ODDS, DEFAULT_BASE_POINTS, DEFAULT_PDO
from models.points.table import PointsTable

AUTO_PAIRS = 30
"""Most pairs that are looked for; more than a person reads, and more gained nothing (docs/decisions/0007)."""

PAIRS_PER_FEATURE = 3
AUTO_BAGS = ((5_000, 16), (50_000, 8))
MANY_ROWS_BAGS = 4
"""Bags by rows: few rows need averaging more, many rows hardly at all."""

SERIAL_CELLS = 200_000
"""Below so many values (rows x columns) starting processes costs more than they save."""


class Scorecard(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Additive boosted scorecard with integer points, exact reasons and optional directions of risk.

    The second of two classes, ``classes_[1]`` (1, True), is the bad outcome; a higher score is safer.

    Parameters
    ----------
    monotone
        Directions by column: +1 or ``RiskDirection.MORE_RISK`` where risk rises with the value, -1 or
        ``LESS_RISK`` where it falls. The whole model keeps them, for any two rows.
    forbidden
        Names of columns that may not be in the table: ``fit`` refuses it and names them.
    pairs
        How many pairs of features to look for, which ones, or ``"auto"``: three a feature, at most 30. Columns with a
        direction are in no pair (a pair could go against it): one that is named with such a column is an error.
    max_bins, max_pair_bins
        Most bins of a numeric column alone, and in a pair.
    bags
        Fits on different parts of the rows that are averaged, or ``"auto"``: 16, 8 from 5,000 rows, 4 from 50,000.
    base_points, base_odds, pdo
        The scale: points at odds of good to bad, and the points that double the odds.
    random_state
        An integer; the same table and seed give the same points.
    n_jobs
        Processes of the fit; None: one on small tables, else all cores. It does not change the result.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The outcomes: good, bad.
    points_ : PointsTable
        The compiled table of points that predicts.
    additive_ : AdditiveModel
        The terms in log-odds, before rounding, with the training weight of each cell.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Notes
    -----
    A missing value or an unknown category has a cell of its own in each term: what training saw of such, or no points
    if it saw none. Values beyond the training range fall in the outer bins. Constant and all-missing columns get no
    term. One class only, duplicate or empty column names, and forbidden columns are errors.

    References
    ----------
    Lou, Caruana, Gehrke, Hooker (2013), Accurate intelligible models with pairwise interactions, KDD.
    Nori, Jenkins, Koch, Caruana (2019), InterpretML, arXiv:1909.09223.
    """

    def __init__(  # noqa: PLR0913 - scikit-learn's convention: one argument a hyper-parameter
        self,
        *,
        monotone: Mapping[str, RiskDirection | int] | None = None,
        forbidden: Sequence[str] = (),
        pairs: int | Sequence[tuple[str, str]] | Literal["auto"] = "auto",
        max_bins: int = 32,
        max_pair_bins: int = 16,
        bags: int | Literal["auto"] = "auto",
        base_points: int = DEFAULT_BASE_POINTS,
        base_odds: float = DEFAULT_BASE_ODDS,
        pdo: float = DEFAULT_PDO,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.monotone = monotone
        self.forbidden = forbidden
        self.pairs = pairs
        self.max_bins = max_bins
        self.max_pair_bins = max_pair_bins
        self.bags = bags
        self.base_points = base_points
        self.base_odds = base_odds
        self.pdo = pdo
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn: two classes, missing values and categories are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, groups: Any = None) -> Self:  # noqa: N803
        """Fit on a table of shape (n, columns) and its n outcomes; rows of weight zero count for nothing.

        ``groups`` (n,) names whose row each is where one consumer has several (as of several dates): all of them are
        learnt from, or kept aside to stop by, together, and count as one towards a cell's least rows.
        """
        frame = self._frame(X, fitting=True)
        weights = checked_weights(sample_weight, len(frame))
        self.classes_, is_bad = checked_outcomes(y, weights)
        scale = checked_scale(self.base_points, self.base_odds, self.pdo)
        max_bins = checked_number("max_bins", self.max_bins, 2)
        used = weights > 0
        is_bad, weights = is_bad[used], weights[used]
        table = read_columns(frame).filter(pa.array(used))
        refuse_columns(table.column_names, self.forbidden)
        directions = checked_directions(self.monotone, table.column_names)
        options = self._boosting(table, directions)
        members = checked_groups(groups, used)
        axes = cut_columns(table, weights / rows_a_group(members), max_bins=max_bins, directions=directions)
        codes = [axis_codes(axis, table[axis.feature].combine_chunks()) for axis in axes]
        telling = [i for i, column in enumerate(codes) if (column != column[0]).any()]
        self.kinds_ = column_kinds(table)
        self.additive_ = fit_terms(
            [axes[i] for i in telling], [codes[i] for i in telling], is_bad, weights, options, groups=members
        )
        self.points_ = compile_points(self.additive_, scale=scale)
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the probabilities of the two classes, shape (n, 2), from the integer score."""
        bad = self._fitted_points().scale.probability(self._raw(X)).astype(np.float64)
        return np.column_stack([1.0 - bad, bad])

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the log-odds of ``classes_[1]``, shape (n,)."""
        log_odds: npt.NDArray[np.float64] = -self._fitted_points().scale.log_odds_of(self._raw(X))
        return log_odds

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """Return the likelier class of each row."""
        is_bad = self.decision_function(X) > 0
        predicted: npt.NDArray[Any] = self.classes_[is_bad.astype(np.intp)]
        return predicted

    def score_points(self, X: Any) -> npt.NDArray[np.int64]:  # noqa: N803
        """Return the score, 0 to 1000, of each row."""
        return np.clip(self._raw(X), SCORE_MIN, SCORE_MAX).astype(np.int64)

    def contributions(self, X: Any) -> pd.DataFrame:  # noqa: N803
        """Return one integer column ``base`` and one a term; a row's sum is its unclipped score, exactly.

        The base comes first; it is called ``base_`` where a term is called ``base``.
        """
        points, table = self._fitted_points(), self._table(X)
        terms = {code: values.astype(np.int64) for code, values in term_points(points, table).items()}
        columns = {_base_name(terms): np.full(table.num_rows, points.base_points, np.int64), **terms}
        return pd.DataFrame(columns, index=X.index if isinstance(X, pd.DataFrame) else None)

    def reasons(self, X: Any, top: int = MAX_REASONS) -> pd.DataFrame:  # noqa: N803
        """Return the strongest contributions of each row: ``reason_1``, ``points_1``, ... ``points_<top>``.

        Strongest by absolute points, ties by name; None and 0 where fewer than ``top`` terms have points.
        """
        parts = self.contributions(X).iloc[:, 1:]
        parts = parts[sorted(parts.columns)]
        points, names = parts.to_numpy(np.int64), np.array([*parts.columns, None], object)
        order = np.argsort(-np.abs(points), axis=1, kind="stable")[:, :top]
        columns: dict[str, Any] = {}
        for place in range(top):
            strongest = order[:, place] if place < order.shape[1] else np.zeros(len(parts), np.intp)
            value = points[np.arange(len(parts)), strongest] if place < order.shape[1] else np.zeros(len(parts), int)
            chosen = names[np.where(value != 0, strongest, len(names) - 1)]
            columns[f"reason_{place + 1}"] = pd.Series(chosen, parts.index, dtype=object)
            columns[f"points_{place + 1}"] = value
        return pd.DataFrame(columns, index=parts.index)

    def _fitted_points(self) -> PointsTable:
        """Return the points table; scikit-learn's NotFittedError before ``fit``."""
        check_is_fitted(self, "points_")
        return self.points_

    def _raw(self, X: Any) -> npt.NDArray[np.int32]:  # noqa: N803
        points = self._fitted_points()
        return raw_scores(points, self._table(X))

    def _table(self, X: Any) -> pa.Table:  # noqa: N803
        frame = self._frame(X, fitting=False)
        return read_columns(frame, self.kinds_)

    def _frame(self, X: Any, *, fitting: bool) -> pd.DataFrame:  # noqa: N803
        """Return the input as a frame of checked shape and names; features that scikit-learn expects are recorded."""
        if isinstance(X, pd.DataFrame):
            check_names(X)
            frame = with_names_of_one_type(X)
            validate_data(self, frame, reset=fitting, skip_check_array=True)
        else:
            array = validate_data(self, X, reset=fitting, dtype=None, ensure_all_finite=False)
            names = getattr(self, "feature_names_in_", None)
            frame = pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])] if names is None else names)
        if not len(frame):
            raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
        return frame

    def _boosting(self, table: pa.Table, directions: Mapping[str, RiskDirection]) -> BoostingOptions:
        rows, columns = table.num_rows, table.num_columns
        bags = next((bags for limit, bags in AUTO_BAGS if rows < limit), MANY_ROWS_BAGS)
        every_core = 1 if rows * columns < SERIAL_CELLS else -1
        return BoostingOptions(
            pairs=checked_pairs(
                self.pairs,
                automatic=min(AUTO_PAIRS, PAIRS_PER_FEATURE * columns),
                names=table.column_names,
                directions=directions,
            ),
            max_pair_bins=checked_number("max_pair_bins", self.max_pair_bins, 2, MAX_PAIR_BINS),
            bags=bags if self.bags == "auto" else checked_number("bags", self.bags, 1, MAX_BAGS),
            seed=checked_seed(self.random_state),
            jobs=every_core if self.n_jobs is None else int(self.n_jobs),
        )


def _base_name(taken: Collection[str]) -> str:
    name = "base"
    while name in taken:
        name += "_"
    return name
