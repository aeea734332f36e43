"""What the estimator is given, checked: names, weights, outcomes and options, with one clear error each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from contracts.errors import DataIntegrityError, TrainingRefusedError
from contracts.feature_terms import RiskDirection
from models.points.scaling import MAX_BASE_POINTS, ScoreScale
from models.points.table import MAX_BINS, MAX_NAME_LENGTH

ONE_ROW = 1.0 + 1e-9
"""Weights count rows; those that sum to one are shares, and are brought to a mean of one."""

MAX_PAIR_BINS = 100
MAX_BAGS = 100
MAX_PAIRS = 500

Pairs: TypeAlias = int | tuple[tuple[str, str], ...]
Flags: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

_BY_SIGN = {1: RiskDirection.MORE_RISK, -1: RiskDirection.LESS_RISK, 0: RiskDirection.FREE}


class ForbiddenColumnsError(TrainingRefusedError, ValueError):
    """The table holds columns that the caller declared forbidden."""


def check_names(frame: pd.DataFrame) -> None:
    """Raise ValueError, naming them, if columns share a name, or have an empty or an unreadable one."""
    names = [str(name) for name in frame.columns]
    if not names:
        raise ValueError("0 feature(s) while a minimum of 1 is required.")
    seen: set[str] = set()
    twice = sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
    if twice:
        raise ValueError(f"duplicate column names: {', '.join(twice)}")
    odd = [repr(name[:40]) for name in names if not (0 < len(name) <= MAX_NAME_LENGTH and name.isprintable())]
    if odd:
        raise ValueError(f"column names must be printable texts of up to {MAX_NAME_LENGTH}: {', '.join(odd)}")


def with_names_of_one_type(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame; where only some of its names are texts, with all names as texts."""
    texts = sum(isinstance(name, str) for name in frame.columns)
    return frame if texts in {0, frame.shape[1]} else frame.set_axis([str(name) for name in frame.columns], axis=1)


def refuse_columns(names: Collection[str], forbidden: Iterable[str]) -> None:
    """Raise ForbiddenColumnsError, naming every one, if a forbidden column is there."""
    if isinstance(forbidden, str):
        raise ValueError(f"forbidden must be a list of names, not the text {forbidden!r}")
    refused = {str(name).strip().casefold() for name in forbidden or ()}
    found = sorted(name for name in names if name.strip().casefold() in refused)
    if found:
        raise ForbiddenColumnsError(f"forbidden columns: {', '.join(found)}; no scorecard was fitted")


def checked_weights(sample_weight: Any, rows: int) -> Floats:
    """Return one weight a row, 1 by default; ValueError below zero or if all are zero."""
    weights = _check_sample_weight(sample_weight, np.empty((rows, 1)), dtype=np.float64)
    if (weights < 0).any() or not weights.any():
        raise ValueError("sample_weight must be at least zero, and above zero somewhere")
    checked: Floats = weights if weights.sum() > ONE_ROW else weights * rows
    return checked


def checked_groups(groups: Any, used: Flags) -> npt.NDArray[np.intp] | None:
    """Return the group of each used row as 0, 1, ...; ValueError unless there is one a row."""
    if groups is None:
        return None
    names = np.asarray(groups)
    if names.shape != used.shape:
        raise ValueError(f"groups must hold one name a row, {len(used)}, not {names.shape}")
    members: npt.NDArray[np.intp] = np.unique(names[used], return_inverse=True)[1]
    return members


def checked_outcomes(y: Any, weights: Floats) -> tuple[npt.NDArray[Any], Flags]:
    """Return the two classes and which rows are of the second; ValueError unless both occur with some weight."""
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    outcomes = column_or_1d(y, warn=True)
    check_classification_targets(outcomes)
    if len(outcomes) != len(weights):
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {[len(weights), len(outcomes)]}")
    if pd.isna(outcomes).any():
        raise ValueError("y contains missing values")
    classes, codes = np.unique(outcomes, return_inverse=True)
    if len(classes) > 2:
        raise ValueError(
            f"Only binary classification is supported. The type of the target is multiclass: {len(classes)} classes."
        )
    seen = np.unique(codes[weights > 0])
    if len(seen) < 2:
        raise ValueError(f"y holds one class only, {classes[seen[0]]!s}: a scorecard needs both outcomes")
    is_bad: Flags = codes == 1
    return classes, is_bad


def checked_directions(
    monotone: Mapping[str, RiskDirection | int] | None, names: Collection[str]
) -> dict[str, RiskDirection]:
    """Return directions given as +1, 0, -1 or by name; ValueError lists what is no direction or no column."""
    given = {str(name): value for name, value in (monotone or {}).items()}
    directions = {name: _direction(value) for name, value in given.items()}
    wrong = sorted(name for name, direction in directions.items() if direction is None)
    if wrong:
        raise ValueError(f"monotone: +1 (riskier), -1 (safer) or 0 expected of {', '.join(wrong)}")
    unknown = sorted(given.keys() - set(names))
    if unknown:
        raise ValueError(f"monotone names columns that are not there: {', '.join(unknown)}")
    return {name: direction for name, direction in directions.items() if direction is not None}


def checked_pairs(
    pairs: int | Sequence[tuple[str, str]] | str,
    *,
    automatic: int,
    names: Collection[str],
    directions: Mapping[str, RiskDirection],
) -> Pairs:
    """Return how many pairs to look for, or which; ValueError lists what cannot be one."""
    if isinstance(pairs, str):
        if pairs != "auto":
            raise ValueError(f"pairs must be a number, a list of pairs of columns, or 'auto', not {pairs!r}")
        return automatic
    if isinstance(pairs, int | np.integer):
        return checked_number("pairs", int(pairs), 0, MAX_PAIRS)
    try:
        chosen = tuple((str(a), str(b)) for a, b in pairs)
    except (TypeError, ValueError) as error:
        raise ValueError(f"pairs must be a whole number, pairs of names, or 'auto', not {pairs!r}") from error
    problems = [f"{a}*{b}" for a, b in chosen if a == b or not {a, b} <= set(names)]
    if problems:
        raise ValueError(f"pairs must name two different columns of the table: {', '.join(problems)}")
    directed = sorted(
        {n for pair in chosen for n in pair if directions.get(n, RiskDirection.FREE) is not RiskDirection.FREE}
    )
    if directed:
        raise ValueError(
            f"pairs name columns that have a direction, which a pair could go against: {', '.join(directed)}"
        )
    return tuple(dict.fromkeys((min(pair), max(pair)) for pair in chosen))


def checked_number(name: str, value: Any, low: int, high: int = MAX_BINS) -> int:
    """Return an option that is a whole number in ``[low, high]``, or raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
    return int(value)


def checked_scale(base_points: Any, base_odds: Any, pdo: Any) -> ScoreScale:
    """Return the scale, or raise ValueError if its numbers are none or out of range."""
    points = checked_number("base_points", base_points, -MAX_BASE_POINTS, MAX_BASE_POINTS)
    try:
        return ScoreScale(points, float(base_odds), float(pdo))
    except (DataIntegrityError, TypeError) as error:
        raise ValueError(str(error)) from error


def checked_seed(random_state: Any) -> int:
    """Return the seed: an integer as it is, None as 0, or one drawn from a generator."""
    if random_state is None:
        return 0
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(np.iinfo(np.int32).max))
    return checked_number("random_state", random_state, 0, np.iinfo(np.int32).max)


def _direction(value: Any) -> RiskDirection | None:
    if isinstance(value, str):
        return next((direction for direction in RiskDirection if direction.value == value), None)
    return _BY_SIGN.get(value)
