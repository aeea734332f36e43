"""Fitting the terms: explainable boosting (Nori et al., 2019; ``interpret``) on columns that are already cut.

Enter cell codes, outcomes and weights; leave an ``AdditiveModel``. The boosting is cyclic, shallow and averaged over
bags of the rows, so that the shapes are smooth; pairs are found by FAST (Lou et al., 2013) on what the single
terms leave unexplained. A pair is made pure (Lengerich et al., 2020): what one feature alone explains stands in that
feature's own term. Same cells, outcomes, weights and seed: the same model, whatever the number of processes.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from contracts.feature_terms import InputType, RiskDirection
from models.fitting.additive import AdditiveModel, AdditiveTerm
from models.points.table import Axis

Codes: TypeAlias = npt.NDArray[np.integer[Any]]
Floats: TypeAlias = npt.NDArray[np.float64]

SMALL_OUTCOMES = 50
"""Below this many rows of the rarer outcome nothing is kept aside to stop early: a fixed, short boosting."""

SMALL_ROUNDS = 150
SMALL_PENALTY = 2.0
"""Rows' worth of curvature that pulls each step to zero where rows are few."""

MIN_LEAF_ROWS = 4
MAX_ROUNDS = ((5_000, 1_000), (math.inf, 4_000))
"""Rounds by rows: separable data would improve for ever; on real data boosting stops by itself far earlier."""

LEARNING_RATE = 0.02
VALIDATION_SHARE = 0.15
FEW_ROWS = {
    "validation_size": 0,
    "outer_bags": 1,
    "max_rounds": SMALL_ROUNDS,
    "min_samples_leaf": 1,
    "reg_lambda": SMALL_PENALTY,
    "n_jobs": 1,
}
"""The booster's settings where every row is needed to learn from."""

_SIGN = {RiskDirection.MORE_RISK: 1, RiskDirection.LESS_RISK: -1, RiskDirection.FREE: 0}


@dataclass(frozen=True, slots=True)
class BoostingOptions:
    """How terms are fitted: pairs (how many to look for, or which), bins a pair's axis, bags, seed, processes."""

    pairs: int | tuple[tuple[str, str], ...]
    max_pair_bins: int
    bags: int
    seed: int
    jobs: int


PRIOR_ROWS = 10.0
"""Rows of the average outcome that each category is mixed with before it is put in order."""


def order_by_risk(axis: Axis, codes: Codes, is_bad: npt.NDArray[np.bool_], weights: Floats) -> tuple[Axis, Codes]:
    """Return a category axis with its groups in rising order of bad rate, and the codes that follow it.

    A pair is split along each axis in order, so that an order without meaning (of the alphabet, say) hides it.
    """
    if axis.kind is not InputType.CATEGORY:
        return axis, codes
    rows = np.bincount(codes, weights=weights, minlength=axis.cells)
    bads = np.bincount(codes, weights=weights * is_bad, minlength=axis.cells)
    rate = (bads + PRIOR_ROWS * bads.sum() / rows.sum()) / (rows + PRIOR_ROWS)
    order = np.argsort(rate[: axis.bins], kind="stable")
    place = np.arange(axis.cells)
    place[order] = np.arange(axis.bins)
    return replace(axis, groups=tuple(axis.groups[i] for i in order)), place[codes]


def fit_terms(  # noqa: PLR0913 - what was cut, what came of it, and how to fit
    axes: Sequence[Axis],
    codes: Sequence[Codes],
    is_bad: npt.NDArray[np.bool_],
    weights: Floats,
    options: BoostingOptions,
    *,
    groups: Codes | None = None,
) -> AdditiveModel:
    """Return the fitted model; ``codes`` are the cells of each axis, one array of n a column.

    Rows of one of ``groups`` (0, 1, ...) are on one side of each bag, learnt from or stopped by.
    Without an axis the model is the log-odds of being bad of all rows.
    """
    if not axes:
        bad = float(weights[is_bad].sum())
        return AdditiveModel(float(np.log(bad / (weights.sum() - bad))), ())
    from interpret.glassbox import ExplainableBoostingClassifier  # noqa: PLC0415 - 1.5 s to import

    ordered = [order_by_risk(axis, column, is_bad, weights) for axis, column in zip(axes, codes, strict=True)]
    axes, codes = [axis for axis, _ in ordered], [column for _, column in ordered]
    design = np.column_stack([_design_column(axis, column) for axis, column in zip(axes, codes, strict=True)])
    outcome, mass, bags = is_bad.astype(np.int64), weights, None
    if min(weights[is_bad].sum(), weights[~is_bad].sum()) < SMALL_OUTCOMES:
        design, outcome, mass = _distinct_rows(design, outcome, mass)
        settings = FEW_ROWS
    else:
        settings = _many_rows(len(design), options, groups)
        bags = None if groups is None else _bags(groups, options)
    booster = ExplainableBoostingClassifier(
        feature_names=[f"x{i}" for i in range(len(axes))],
        feature_types=["nominal" if axis.kind is InputType.CATEGORY else "continuous" for axis in axes],
        max_bins=max(axis.cells for axis in axes) + 1,
        max_interaction_bins=options.max_pair_bins,
        interactions=_interactions(axes, options.pairs),
        learning_rate=LEARNING_RATE,
        min_cat_samples=1,
        monotone_constraints=[_SIGN[axis.direction] for axis in axes],
        random_state=options.seed,
        **settings,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Missing values detected", UserWarning)
        booster.fit(design, outcome, sample_weight=mass, bags=bags)
    return _additive_model(booster, axes, codes, weights)


def _many_rows(rows: int, options: BoostingOptions, groups: Codes | None) -> dict[str, float]:
    """Return the booster's settings where some rows are kept aside to stop by."""
    return {
        "validation_size": VALIDATION_SHARE,
        "outer_bags": options.bags,
        "max_rounds": next(rounds for limit, rounds in MAX_ROUNDS if rows < limit),
        "min_samples_leaf": round(MIN_LEAF_ROWS * rows_a_group(groups)),
        "n_jobs": options.jobs,
    }


def rows_a_group(groups: Codes | None) -> float:
    """Return the mean number of rows of a group: what a consumer's copies are worth; 1 without groups."""
    return 1.0 if groups is None else len(groups) / (int(groups.max()) + 1)


def _bags(groups: Codes, options: BoostingOptions) -> npt.NDArray[np.int8]:
    """Return, for each row and bag, 1 to learn from and -1 to stop by, drawn by group."""
    rng, count = np.random.default_rng(options.seed), int(groups.max()) + 1
    aside = np.zeros((options.bags, count), bool)
    for bag in aside:
        bag[rng.choice(count, max(1, round(VALIDATION_SHARE * count)), replace=False)] = True
    drawn: npt.NDArray[np.int8] = np.where(aside[:, groups].T, -1, 1).astype(np.int8)
    return drawn


def _distinct_rows(
    design: Floats, outcome: npt.NDArray[np.int64], weights: Floats
) -> tuple[Floats, npt.NDArray[np.int64], Floats]:
    """Return each different row once with the weight of all its copies: a row of weight two is two rows, exactly."""
    keyed = np.column_stack([np.where(np.isnan(design), -1.0, design), outcome])
    rows, place = np.unique(keyed, axis=0, return_inverse=True)
    distinct = np.where(rows[:, :-1] < 0, np.nan, rows[:, :-1])
    mass: Floats = np.bincount(np.ravel(place), weights=weights).astype(np.float64)
    return distinct, rows[:, -1].astype(np.int64), mass


def _interactions(axes: Sequence[Axis], pairs: int | tuple[tuple[str, str], ...]) -> int | list[tuple[int, int]]:
    if isinstance(pairs, int):
        free = sum(axis.direction is RiskDirection.FREE for axis in axes)
        return min(pairs, free * (free - 1) // 2)
    place = {axis.feature: i for i, axis in enumerate(axes)}
    return [(place[a], place[b]) for a, b in pairs if a in place and b in place]


def _design_column(axis: Axis, codes: Codes) -> Floats:
    column = codes.astype(np.float64)
    column[codes == axis.missing_cell] = np.nan
    return column


def _additive_model(booster: Any, axes: Sequence[Axis], codes: Sequence[Codes], weights: Floats) -> AdditiveModel:
    singles = {i: np.zeros(axis.cells) for i, axis in enumerate(axes)}
    rows = {
        i: np.bincount(codes[i], weights=weights, minlength=axis.cells).astype(np.float64)
        for i, axis in enumerate(axes)
    }
    intercept = float(np.ravel(booster.intercept_)[0])
    pairs = []
    for places, scores in zip(booster.term_features_, booster.term_scores_, strict=True):
        maps = [_bin_of_cell(booster, place, axes[place], len(places)) for place in places]
        if len(places) == 1:
            singles[places[0]] += scores[maps[0]]
            continue
        coarse = [_coarse_axis(axes[place], mapped) for place, mapped in zip(places, maps, strict=True)]
        counts = np.zeros(scores.shape)
        np.add.at(counts, tuple(m[codes[p]] for m, p in zip(maps, places, strict=True)), weights)
        pure, margins, extra = _purify(scores, counts)
        intercept += extra
        for place, mapped, margin in zip(places, maps, margins, strict=True):
            singles[place] += margin[mapped]
        chosen = np.ix_(*(cells for _, cells in coarse))
        pairs.append(AdditiveTerm(tuple(axis for axis, _ in coarse), pure[chosen], counts[chosen]))
    terms = []
    for i, axis in enumerate(axes):
        mean = float((singles[i] * rows[i]).sum() / rows[i].sum())
        intercept += mean
        terms.append(AdditiveTerm((axis,), _nothing_where_unseen(axis, singles[i] - mean, rows[i]), rows[i]))
    return AdditiveModel(intercept, (*terms, *pairs))


def _nothing_where_unseen(axis: Axis, log_odds: Floats, rows: Floats) -> Floats:
    """Return the term with nothing to say of a missing or unknown value if training saw none."""
    for cell in (axis.other_cell, axis.missing_cell):
        if rows[cell] == 0:
            log_odds[cell] = 0.0
    return log_odds


def _bin_of_cell(booster: Any, place: int, axis: Axis, dimensions: int) -> npt.NDArray[np.int64]:
    """Return, for every cell of an axis, the booster's bin: 0 missing, then its bins, then the unseen."""
    levels = booster.bins_[place]
    level = levels[min(len(levels), dimensions) - 1]
    cells = np.arange(axis.cells, dtype=np.float64)
    if axis.kind is InputType.CATEGORY:
        unseen = max(level.values(), default=0) + 1
        mapped = np.array([level.get(str(int(cell)), level.get(str(cell), unseen)) for cell in cells], np.int64)
    else:
        mapped = 1 + np.searchsorted(level, cells, side="right").astype(np.int64)
    mapped[axis.missing_cell] = 0
    return mapped


def _coarse_axis(axis: Axis, mapped: npt.NDArray[np.int64]) -> tuple[Axis, npt.NDArray[np.int64]]:
    """Return a pair's axis, neighbours of one bin made one, and the booster's bin of each of its cells."""
    known = mapped[: axis.bins]
    tail = mapped[[axis.other_cell, axis.missing_cell]]
    if axis.kind is InputType.CATEGORY:
        return axis, np.concatenate([known, tail])
    ends = np.flatnonzero(np.diff(known))
    edges = tuple(axis.edges[i] for i in ends)
    bins = np.concatenate([known[ends], known[-1:]])
    return Axis(axis.feature, axis.kind, axis.direction, edges=edges), np.concatenate([bins, tail])


def _purify(scores: Floats, counts: Floats) -> tuple[Floats, tuple[Floats, Floats], float]:
    """Return a pair without what its rows and columns say alone, those two margins, and the constant."""
    from interpret.utils import purify  # noqa: PLC0415

    empty = counts <= 0
    pure, impurities, constant = purify(np.where(empty, 0.0, scores), counts, is_randomized=False)
    margins = {tuple(axes): values for axes, values in impurities}
    return np.where(empty, 0.0, pure), (margins[0,], margins[1,]), float(np.ravel(constant)[0])
