"""Whether two feature tables are the same: the same clients, and every value equal to the last bit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.catalog import FEATURES, FEATURES_SCHEMA

DIVIDED = frozenset(f.name for f in FEATURES if "razao(" in f.formula or "reais(" in f.formula)
"""Amounts in R$ and ratios: what a floating-point division makes; all other features are whole numbers."""

NO_VALUE = np.float64(np.nan)


def feature_differences(ours: pa.Table, theirs: pa.Table, *, last_place: int = 0) -> list[str]:
    """Return, column by column, how many values of ``theirs`` differ from ours; nothing if the tables are equal.

    Tables are ordered by CPF first. Text, flags and whole numbers must be the same; amounts and ratios must have the
    same bits, or be at most ``last_place`` floating-point numbers apart. A missing value may be null or NaN. No value
    is shown, for it is a person's.
    """
    missing = [name for name in FEATURES_SCHEMA.names if name not in theirs.column_names]
    if missing:
        return [f"{name}: not there" for name in missing]
    if ours.num_rows != theirs.num_rows:
        return [f"{theirs.num_rows} clients where we have {ours.num_rows}"]
    ours, theirs = (table.select(FEATURES_SCHEMA.names).sort_by("cpf") for table in (ours, theirs))
    found = (_difference(name, ours[name], theirs[name], last_place) for name in FEATURES_SCHEMA.names)
    return [text for text in found if text]


def _difference(name: str, ours: pa.ChunkedArray, theirs: pa.ChunkedArray, last_place: int) -> str:
    expected = FEATURES_SCHEMA.field(name).type
    if expected != pa.float64():
        unequal = sum(a != b for a, b in zip(ours.to_pylist(), theirs.cast(expected).to_pylist(), strict=True))
        return f"{name}: {unequal} differ" if unequal else ""
    left, right = _numbers(ours), _numbers(theirs)
    apart = np.abs(left.view(np.int64) - right.view(np.int64))
    unequal = apart > (last_place if name in DIVIDED else 0)
    if not unequal.any():
        return ""
    return f"{name}: {int(unequal.sum())} differ, by up to {int(apart[unequal].max())} units of the last place"


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return the values with one NaN for all that is missing, and one zero."""
    values = column.cast(pa.float64()).to_numpy().astype(np.float64)
    return np.where(np.isnan(values), NO_VALUE, values) + 0.0
