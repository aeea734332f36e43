"""Nested selection: which hyper-parameters to train with, chosen by consumers within the fit, at the training dates.

Enter the fit consumers' rows; leaves the candidate chosen, with every candidate's figure. Each is fitted on all
folds but one and judged on that one; a consumer's rows are all in one fold. The simplest candidate whose loss is
within one standard error of the best's is taken (Breiman et al., 1984), the error being that of the difference on the
same rows, by consumer. Neither calibration nor unseen consumers nor any later date has a say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.training.data import Flags, hash_position, is_in_share

SELECTION_ROWS = 60_000
"""Rows to choose on, at most: enough to tell candidates apart that differ by a thousandth of the loss, in seconds."""

FOLDS = 3
"""Folds of consumers: two thirds of the rows to fit on, which is near enough to all (our choice, for its cost)."""

_SHARE_SEED, _FOLD_SEED = 101, 102
"""Added to the training's seed: draws independent of the split into parts and of each other."""

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """Hyper-parameters of the scorecard, the simpler ones ordered first: crossed terms, then bins of a feature."""

    pairs: int
    max_bins: int


CANDIDATES = (Candidate(0, 16), Candidate(0, 32), Candidate(10, 32), Candidate(30, 32))
"""The declared grid: few terms and bins, the estimator's own bins, some crossed terms, as many as it ever looks for."""

FitCandidate: TypeAlias = Callable[[Candidate, pa.Table, Flags], Callable[[pa.Table], Floats]]
"""Fits a candidate on rows and outcomes; what it returns gives the log-odds of bad of other rows."""


@dataclass(frozen=True, slots=True)
class CandidateFigure:
    """A candidate's mean log-loss (nats a row), its distance to the best, and that distance's standard error."""

    candidate: Candidate
    log_loss: float
    gap: float
    gap_error: float


@dataclass(frozen=True, slots=True)
class Selection:
    """The candidate chosen, every candidate's figure, and what they were judged on; no figures where none compete."""

    chosen: Candidate
    figures: tuple[CandidateFigure, ...] = ()
    rows: int = 0
    consumers: int = 0
    folds: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the selection as ``treino.json`` holds it."""
        return {
            "escolhido": asdict(self.chosen),
            "linhas": self.rows,
            "consumidores": self.consumers,
            "grupos": self.folds,
            "candidatos": [
                {**asdict(f.candidate), "log_loss": f.log_loss, "distancia": f.gap, "erro_padrao": f.gap_error}
                for f in self.figures
            ],
        }


def select_candidate(
    rows: pa.Table,
    is_bad: Flags,
    fit: FitCandidate,
    *,
    seed: int,
    candidates: Sequence[Candidate] = CANDIDATES,
) -> Selection:
    """Return the simplest candidate within one standard error of the best; ``rows`` hold ``cpf`` and the inputs.

    A single candidate is taken as it is, without a fit.
    """
    if len(candidates) == 1:
        return Selection(candidates[0])
    if rows.num_rows > SELECTION_ROWS:
        drawn = is_in_share(rows["cpf"], SELECTION_ROWS / rows.num_rows, seed + _SHARE_SEED)
        rows, is_bad = rows.filter(pa.array(drawn)), is_bad[drawn]
    fold = (hash_position(rows["cpf"], seed + _FOLD_SEED) * FOLDS).astype(np.int64)
    losses = np.stack([_losses(candidate, rows, is_bad, fit=fit, fold=fold) for candidate in candidates])
    _, consumer = np.unique(rows["cpf"].to_numpy(), return_inverse=True)
    best = losses[int(losses.mean(axis=1).argmin())]
    figures = tuple(
        CandidateFigure(candidate, float(loss.mean()), *_gap(loss - best, consumer))
        for candidate, loss in zip(candidates, losses, strict=True)
    )
    chosen = min(figure.candidate for figure in figures if figure.gap <= figure.gap_error)
    return Selection(chosen, figures, rows.num_rows, int(consumer.max()) + 1, FOLDS)


def _losses(
    candidate: Candidate, rows: pa.Table, is_bad: Flags, *, fit: FitCandidate, fold: npt.NDArray[np.int64]
) -> Floats:
    """Return the log-loss of every row under the fit that has not seen its consumer."""
    losses = np.empty(len(is_bad))
    for number in range(FOLDS):
        judged = fold == number
        log_odds = fit(candidate, rows.filter(pa.array(~judged)), is_bad[~judged])(rows.filter(pa.array(judged)))
        losses[judged] = np.logaddexp(0.0, np.where(is_bad[judged], -log_odds, log_odds))
    return losses


def _gap(difference: Floats, consumer: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return the mean of a difference over the rows and its standard error, a consumer's rows taken together."""
    mean = float(difference.mean())
    sums = np.bincount(consumer, weights=difference - mean)
    return mean, math.sqrt(float((sums**2).sum())) / len(difference)
