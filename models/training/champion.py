"""The champion: the additive scorecard as a training fits, calibrates, compiles and names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from contracts.feature_terms import RiskDirection
from models.fitting.additive import AdditiveModel
from models.fitting.compilation import compile_points
from models.inputs import InputFeature
from models.points.scaling import ScoreScale
from models.points.table import PointsTable
from models.training.data import Flags, input_column, is_known
from models.training.rows import Floats, TrainingRows
from models.training.selection import Candidate
from models.training.term_labels import label_terms
from models.validation.intervals import Interval, Resampling, auc_replicates, normal_interval

SELECTION_ROWS_A_BAG = 40_000
MAX_SELECTION_BAGS = 2
"""Bags of a fit that is only compared with others: one where rows are many, more where a single one is mostly noise."""


@dataclass(frozen=True, slots=True)
class Champion:
    """How the scorecard is fitted: on which inputs, with which seed and number of processes (None: its own choice)."""

    inputs: tuple[InputFeature, ...]
    seed: int
    jobs: int | None = None

    def fit(
        self, candidate: Candidate, rows: pa.Table, is_bad: Flags, *, bags: int | None = None, jobs: int | None = None
    ) -> AdditiveModel:
        """Return the fitted terms, not calibrated, every declared direction kept.

        ``bags`` None is the estimator's own choice, ``jobs`` None the champion's.
        """
        from models.scorecard import Scorecard  # noqa: PLC0415 - scikit-learn takes seconds to import

        known = [feature for feature in self.inputs if is_known(rows, feature)]
        estimator = Scorecard(
            monotone={f.name: f.direction for f in known if f.direction is not RiskDirection.FREE},
            pairs=candidate.pairs,
            max_bins=candidate.max_bins,
            bags="auto" if bags is None else bags,
            random_state=self.seed,
            n_jobs=self.jobs if jobs is None else jobs,
        )
        consumers = rows["cpf"].to_numpy()
        fitted: AdditiveModel = estimator.fit(input_frame(rows, known), is_bad, groups=consumers).additive_
        return fitted

    def try_out(self, candidate: Candidate, rows: pa.Table, is_bad: Flags) -> Callable[[pa.Table], Floats]:
        """Return what a candidate's fit says of other rows, in log-odds of bad, as the selection asks for it."""
        bags = min(MAX_SELECTION_BAGS, max(1, SELECTION_ROWS_A_BAG // rows.num_rows))
        # One process: starting others costs as much as such a fit.
        return self.fit(candidate, rows, is_bad, bags=bags, jobs=1).log_odds

    def compile(self, model: AdditiveModel, *, scale: ScoreScale, name: str, horizon_months: int) -> PointsTable:
        """Return the points table of a calibrated model, its terms labelled by the inputs."""
        labels = label_terms(model.terms, self.inputs)
        return compile_points(model, scale=scale, name=name, horizon_months=horizon_months, labels=labels)


def input_frame(rows: pa.Table, inputs: Sequence[InputFeature]) -> pd.DataFrame:
    """Return the inputs as the estimator takes them: numbers with NaN, texts with None where missing."""
    return pd.DataFrame({f.name: input_column(rows, f).to_pandas() for f in inputs}, copy=False)


def ranking_of(log_odds: Floats, rows: TrainingRows, *, seed: int) -> Interval | None:
    """Return the AUC of log-odds of bad, with its interval; None with one outcome only."""
    resampling = Resampling(rows.consumer, seed=seed)
    # To four digits: far below a point of the score, and few enough different values to count by.
    auc, replicates = auc_replicates(rows.is_bad, -np.round(log_odds, 4), resampling)
    return normal_interval(auc, replicates, lowest=0.0, highest=1.0)
