"""The records behind a feature: the rows that counted as of a date, and what each of them was worth then.

Lake tables in, one table a family out, oldest record first: the columns that the family reads, the record's key, and
the family's own row columns (days late, still open, ...), by the very SQL that features are built with.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from features.build import open_engine
from features.catalog import CATALOG, Catalog, names_in, table_columns
from features.declaration import Family, Feature


def families_of(feature: Feature, catalog: Catalog = CATALOG) -> tuple[Family, ...]:
    """Return the families whose measures the feature's formula names, in the catalog's order.

    >>> from features.catalog import FEATURES_BY_NAME
    >>> [family.name for family in families_of(FEATURES_BY_NAME["bens_sobre_dividas"])]
    ['dividas', 'bens']
    """
    named = {name.split(".")[0] for name in names_in(feature.formula) if "." in name}
    return tuple(family for family in catalog.families if family.name in named)


def counted_records(family: Family, table: pa.Table, as_of: date) -> pa.Table:
    """Return the rows of a family's lake table that counted as of a date, without ``cpf``, oldest first.

    Raises
    ------
    DataIntegrityError
        The table holds a value that its checks should have refused.
    """
    raw = _raw_columns(family)
    worth = {column.name: column.sql for column in family.row_columns if column.sql not in raw}
    computed = "".join(f", {column.sql} AS {column.name}" for column in family.row_columns)
    name = family.table.name
    query = f"SELECT {', '.join(raw)}{computed} FROM {name} WHERE {family.row_filter} ORDER BY ALL"
    with open_engine({name: table.select(["cpf", *raw])}, as_of, threads=1) as engine:
        found: pa.Table = engine.sql(query).to_arrow_table()
    return found.select([*raw, *worth]).combine_chunks()


def _raw_columns(family: Family) -> tuple[str, ...]:
    """Return the columns to show, the instant from which a record counts first: by it they are sorted."""
    table = family.table
    wanted = {table.key, *table_columns(family)}
    names = [name for name in table.lake_schema.names if name in wanted and name not in ("cpf", table.known_at)]
    return tuple(names) if table.known_at is None else (table.known_at, *names)
