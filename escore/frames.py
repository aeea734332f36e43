"""Arrow tables of the lake as pandas frames: dtypes that say what a column is, and no CPF unless asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contracts.score_terms import Band

KEY = "cliente_id"
CPF = "cpf"
_BANDS = pd.CategoricalDtype([band.value for band in Band], ordered=True)


def frame_of(table: pa.Table, *, units: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return a frame with a column each.

    Texts are ``str``, numbers that may be missing ``float64`` with NaN, integers that may be missing ``Int64`` (a
    score ``Int16``), dates ``datetime64[us]``, instants ``datetime64[us, UTC]``, and ``faixa`` a category whose order
    is that of the bands. ``units`` goes to ``attrs["units"]``.
    """
    frame = pd.DataFrame({name: _series(table[name]) for name in table.column_names})
    if "faixa" in frame:
        frame["faixa"] = frame["faixa"].astype(_BANDS)
    known = units or {}
    frame.attrs["units"] = {name: known[name] for name in frame.columns if name in known}
    return frame


def keyed_by_client(table: pa.Table, clients: pa.Table | None = None, *, keep_cpf: bool = False) -> pa.Table:
    """Return the table with ``cliente_id`` first, found by CPF among ``clients`` where it has none, and without CPF."""
    if KEY not in table.column_names:
        ids = clients["id"].combine_chunks() if clients is not None else table["id"].combine_chunks()
        if clients is not None:
            ids = ids.take(pc.index_in(table[CPF].combine_chunks(), value_set=clients[CPF].combine_chunks()))
        table = table.add_column(0, KEY, ids)
    hidden: Collection[str] = () if keep_cpf else (CPF,)
    names = [KEY, *(name for name in table.column_names if name != KEY and name not in hidden)]
    return table.select(names)


def _series(column: pa.ChunkedArray) -> pd.Series:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _series(column.cast(kind.value_type))
    if pa.types.is_list(kind):
        return pd.Series(column.to_pylist(), dtype="object")
    if pa.types.is_date(kind):
        return pd.Series(column.cast(pa.timestamp("us")).to_pandas())
    if pa.types.is_timestamp(kind):
        return pd.Series(column.cast(pa.timestamp("us", "UTC")).to_pandas())
    return pd.Series(column.to_pandas(types_mapper=_DTYPES.get))


_DTYPES: dict[pa.DataType, pd.api.extensions.ExtensionDtype] = {
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
}
