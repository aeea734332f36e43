"""Whether two feature tables are the same: the same clients, and every value equal to the last bit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.catalog import FEATURES_SCHEMA

NO_VALUE = np.float64(np.nan)


def feature_differences(ours: pa.Table, theirs: pa.Table) -> list[str]:
    """Return, column by column, how many values of ``theirs`` differ from ours; nothing if the tables are equal.

    Tables are ordered by CPF first. Text, flags and whole numbers must be the same; ratios must have the same bits.
    A missing value may be null or NaN. No value is shown, for it is a person's.
    """
    missing = [name for name in FEATURES_SCHEMA.names if name not in theirs.column_names]
    if missing:
        return [f"{name}: not there" for name in missing]
    if ours.num_rows != theirs.num_rows:
        return [f"{theirs.num_rows} clients where we have {ours.num_rows}"]
    ours, theirs = (table.select(FEATURES_SCHEMA.names).sort_by("cpf") for table in (ours, theirs))
    return [text for name in FEATURES_SCHEMA.names if (text := _difference(name, ours[name], theirs[name]))]


def _difference(name: str, ours: pa.ChunkedArray, theirs: pa.ChunkedArray) -> str:
    expected = FEATURES_SCHEMA.field(name).type
    if expected != pa.float64():
        unequal = sum(a != b for a, b in zip(ours.to_pylist(), theirs.cast(expected).to_pylist(), strict=True))
        return f"{name}: {unequal} differ" if unequal else ""
    left, right = _numbers(ours), _numbers(theirs)
    unequal = left.view(np.int64) != right.view(np.int64)
    if not unequal.any():
        return ""
    ulps = np.abs(left.view(np.int64) - right.view(np.int64))[unequal]
    return f"{name}: {int(unequal.sum())} differ, by {int(ulps.min())} to {int(ulps.max())} units of the last place"


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return the values with one NaN for all that is missing, and one zero."""
    values = column.cast(pa.float64()).to_numpy().astype(np.float64)
    return np.where(np.isnan(values), NO_VALUE, values) + 0.0
