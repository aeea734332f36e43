"""Anybody's table as Arrow columns of two types: numbers (float64, NaN or null missing) and categories (text).

At fit every column's type is decided from its values; afterwards the same column is read as that type again.

- Numbers, booleans, decimals and dates (days since 1970) are numbers. Infinities stay, in the outer bins.
- Texts and pandas categories are categories, spaces at the ends dropped; an empty text is missing. A column of texts
  of which at least ``NUMERIC_TEXT_SHARE`` are numbers, with more than ``FEW_NUMBERS`` different ones, is numeric:
  its other texts (``"?"``, ``"N/A"``) are missing.
- At prediction a text in a numeric column is parsed, and missing where it is no number; a number in a category
  column is its shortest text (``1.0`` is ``"1"``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contracts.feature_terms import InputType

NUMERIC_TEXT_SHARE = 0.9
"""Share of a text column's values that must be numbers for it to be one of numbers (our rule)."""

FEW_NUMBERS = 20
"""Up to here different numbers written as texts are codes, hence categories (our rule)."""

Floats: TypeAlias = npt.NDArray[np.float64]
_DAY_NANOSECONDS = 86_400 * 10**9


def read_columns(frame: pd.DataFrame, kinds: Mapping[str, InputType] | None = None) -> pa.Table:
    """Return the frame's columns, float64 or string, by the names given as texts.

    ``kinds`` are the types decided at fit; columns not in it are left out. TypeError names a column whose values are
    neither numbers, dates nor texts; ValueError one that holds complex numbers.
    """
    names = [str(name) for name in frame.columns]
    wanted = [(place, name) for place, name in enumerate(names) if kinds is None or name in kinds]
    arrays = [_read_column(frame.iloc[:, place], name, kinds[name] if kinds else None) for place, name in wanted]
    return pa.table(arrays, names=[name for _, name in wanted])


def column_kinds(table: pa.Table) -> dict[str, InputType]:
    """Return the type of each column of a table that ``read_columns`` made."""
    return {
        field.name: InputType.CATEGORY if pa.types.is_string(field.type) else InputType.NUMBER for field in table.schema
    }


def _read_column(column: pd.Series[Any], name: str, kind: InputType | None) -> pa.Array:
    if kind is InputType.CATEGORY:
        return _texts(column, name)
    numbers = _plain_numbers(column, name)
    if numbers is not None:
        return pa.array(numbers)
    texts = _texts(column, name)
    if kind is None and isinstance(column.dtype, pd.CategoricalDtype):
        return texts
    parsed = pd.to_numeric(texts.to_pandas(), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if kind is InputType.NUMBER:
        return pa.array(parsed)
    known, numeric = len(texts) - texts.null_count, ~np.isnan(parsed)
    is_numeric = known > 0 and numeric.sum() >= NUMERIC_TEXT_SHARE * known
    if known == 0 or (is_numeric and len(np.unique(parsed[numeric])) > FEW_NUMBERS):
        return pa.array(parsed)
    return texts


def _plain_numbers(column: pd.Series[Any], name: str) -> Floats | None:
    """Return a column that holds numbers or dates as float64; None if it holds texts."""
    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else None
    if kind == "c" or pd.api.types.is_complex_dtype(column.dtype):
        raise ValueError(f"Complex data not supported: column {name}")
    if isinstance(column.dtype, pd.CategoricalDtype):
        return None
    if pd.api.types.is_datetime64_any_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
        return _days(column)
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy(np.float64, na_value=np.nan)
    if kind == "O" or pd.api.types.is_object_dtype(column.dtype):
        return _object_numbers(column, name)
    return None


def _days(column: pd.Series[Any]) -> Floats:
    missing = column.isna().to_numpy()
    unit = "datetime64[ns]" if pd.api.types.is_datetime64_any_dtype(column.dtype) else "timedelta64[ns]"
    naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if isinstance(column.dtype, pd.DatetimeTZDtype) else column
    days: Floats = naive.to_numpy(unit).astype(np.int64) / _DAY_NANOSECONDS
    days[missing] = np.nan
    return days


def _object_numbers(column: pd.Series[Any], name: str) -> Floats | None:
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred == "complex":
        raise ValueError(f"Complex data not supported: column {name}")
    if inferred in {"integer", "floating", "mixed-integer-float", "boolean", "decimal", "empty"}:
        return pd.to_numeric(column.where(column.notna(), np.nan).astype(object), errors="coerce").to_numpy(np.float64)
    if inferred == "mixed" and all(isinstance(value, Real | Decimal) for value in column.dropna()):
        mixed: Floats = column.map(float, na_action="ignore").to_numpy(np.float64, na_value=np.nan).astype(np.float64)
        return mixed
    if inferred in {"datetime64", "datetime", "date"}:
        return _days(pd.to_datetime(column))
    return None


def _texts(column: pd.Series[Any], name: str) -> pa.Array:
    missing = column.isna().to_numpy()
    values: Sequence[object] = column.astype(object).tolist()
    texts = [None if gone else _text(value, name) for value, gone in zip(values, missing, strict=True)]
    trimmed = pc.utf8_trim_whitespace(pa.array(texts, pa.string()))
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _text(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, pd.Interval | pd.Period | Decimal):
        return str(value)
    kind = type(value).__name__
    raise TypeError(f"column {name}: argument must be a string or a number, not '{kind}'")
