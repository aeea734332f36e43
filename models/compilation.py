"""From bins and coefficients to integer points: the one place where a model becomes a table.

A bin's points are ``factor * coefficient * (evidence - mean evidence)``, rounded: relative to the average
training row, so that each is a reason by itself. Base points carry the rest, so that the mean score is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from contracts.errors import TrainingRefusedError
from models.binning import Bins
from models.inputs import InputFeature, InputType
from models.logistic import LogisticFit
from models.scaling import ScoreScale
from models.scorecard import MAX_POINTS, Scorecard, Term


def compile_scorecard(
    binned: Sequence[tuple[InputFeature, Bins]],
    fit: LogisticFit,
    *,
    name: str,
    horizon_months: int,
    scale: ScoreScale,
) -> Scorecard:
    """Return the scorecard of fitted bins; terms without a point to give are left out.

    ``fit`` is of the centred evidence, one column a bin set, in order. TrainingRefusedError if no term is left.
    """
    base = scale.points_of(fit.intercept)
    terms = []
    for (feature, bins), coefficient in zip(binned, fit.coefficients.tolist(), strict=True):
        exact = scale.factor * coefficient * centred_evidence(bins)
        points = np.clip(np.rint(exact), -MAX_POINTS, MAX_POINTS).astype(np.int64)
        if points.any():
            base -= float((points * bins.rows).sum() / bins.rows.sum())
            terms.append(_term(feature, bins, points.tolist()))
    if not terms:
        raise TrainingRefusedError("no input tells good from bad: no model was trained")
    return Scorecard(name, horizon_months, scale, round(base), tuple(terms))


def centred_evidence(bins: Bins) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return each code's weight of evidence relative to its mean over the training rows."""
    centred: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    centred = bins.woe - float((bins.woe * bins.rows).sum() / bins.rows.sum())
    return centred


def _term(feature: InputFeature, bins: Bins, points: list[int]) -> Term:
    *known, other, missing = points
    is_category = feature.dtype is InputType.CATEGORY
    edges, groups, merged = _merge_equal_groups(bins, known) if is_category else _merge_equal_bins(bins, known)
    return Term(
        feature=feature.name,
        code=feature.code,
        kind=feature.dtype,
        direction=feature.direction,
        points=merged,
        missing_points=missing,
        other_points=other if is_category else 0,
        edges=edges,
        groups=groups,
        text_raises=feature.text_raises,
        text_lowers=feature.text_lowers,
    )


def _merge_equal_bins(bins: Bins, points: list[int]) -> tuple[tuple[float, ...], tuple[()], tuple[int, ...]]:
    """Return edges and points with neighbours of the same points made one."""
    edges = tuple(edge for edge, left, right in zip(bins.edges, points, points[1:], strict=False) if left != right)
    return edges, (), tuple(value for value, _ in groupby(points))


def _merge_equal_groups(
    bins: Bins, points: list[int]
) -> tuple[tuple[()], tuple[tuple[str, ...], ...], tuple[int, ...]]:
    """Return groups and points, lowest points first, with groups of the same points made one."""
    members: dict[int, list[str]] = {}
    for group, value in zip(bins.groups, points, strict=True):
        members.setdefault(value, []).extend(group)
    ordered = sorted(members.items())
    return (), tuple(tuple(sorted(group)) for _, group in ordered), tuple(value for value, _ in ordered)
