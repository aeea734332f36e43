"""What there is to read: the source tables, their columns and the features, with units, as frames."""

from __future__ import annotations

import pandas as pd

from contracts.errors import UsageError
from contracts.table_declaration import Kind
from contracts.tables import TABLES, TABLES_BY_NAME
from features.catalog import FEATURES

_KIND_UNITS = {Kind.MONEY: "centavos", Kind.INSTANT: "UTC"}

COLUMN_UNITS = {
    table.name: {c.lake_name: _KIND_UNITS[c.kind] for c in table.read_columns if c.kind in _KIND_UNITS}
    for table in TABLES
}
"""Units of the source tables' columns, where they have any."""


def list_tables() -> pd.DataFrame:
    """Return the eight source tables, by name: store (A, B or C), description, and the instant since when a row counts.

    >>> list(escore.list_tables().index)
    ['cliente', 'divida', 'pessoa', 'fonte_de_renda', 'bem', 'consultas', 'movimentacoes', 'compras']
    """
    rows = {
        table.name: (table.store.value, table.description, table.known_at or "", len(table.read_columns))
        for table in TABLES
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["store", "description", "known_at", "columns"])


def list_columns(table: str) -> pd.DataFrame:
    """Return the columns of a source table that the engine reads: kind, unit, whether null may be, description.

    >>> escore.list_columns("divida").loc["valor_centavos", "unit"]
    'centavos'
    """
    if table not in TABLES_BY_NAME:
        raise UsageError(f"table: one of {', '.join(TABLES_BY_NAME)}")
    rows = {
        column.lake_name: (column.kind.value, _KIND_UNITS.get(column.kind, ""), column.nullable, column.description)
        for column in TABLES_BY_NAME[table].read_columns
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["kind", "unit", "nullable", "description"])


def list_features() -> pd.DataFrame:
    """Return the features, by name: code, family, unit, expected direction of risk, formula, description (Portuguese).

    >>> frame = escore.list_features()
    >>> frame.index.is_unique and (frame["unit"] != "").all()
    np.True_
    """
    rows = {
        feature.name: (
            feature.code,
            feature.family,
            feature.unit,
            feature.direction.value,
            feature.formula,
            feature.description,
        )
        for feature in FEATURES
    }
    columns = ["code", "family", "unit", "direction", "formula", "description"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
