"""One SQL text that computes the whole catalog: rows of each family, measures a consumer, then formulas."""

from __future__ import annotations

from features.catalog import Catalog
from features.declaration import Family

_SQL_TYPES = {"double": "DOUBLE", "text": "VARCHAR"}


def feature_query(catalog: Catalog) -> str:
    """Return the query whose columns are the catalog's schema, sorted by cpf.

    It reads the tables of the families by name and uses the words of ``features.vocabulary``.
    """
    base, *others = catalog.families
    steps = [f"{base.name} AS ({rows_query(base)})"]
    for family in others:
        steps.append(f"linhas_{family.name} AS ({rows_query(family)})")
        # Inlined, every formula would recompute the measures that it names: twice the time in DuckDB 2.0.
        steps.append(f"{family.name} AS MATERIALIZED ({measures_query(family)})")
    nothing_known = " AND ".join(f"{family.name}.cpf IS NULL" for family in others)
    columns = [f"{base.name}.cpf", f"{base.name}.cliente_id", f"{nothing_known} AS sem_dados"]
    columns += [f"CAST({f.formula} AS {_SQL_TYPES[f.dtype]}) AS {f.name}" for f in catalog.features]
    joins = "\n".join(f"LEFT JOIN {family.name} ON {family.name}.cpf = {base.name}.cpf" for family in others)
    selected = ",\n  ".join(columns)
    with_steps = ",\n".join(steps)
    return f"WITH {with_steps}\nSELECT {selected}\nFROM {base.name}\n{joins}\nORDER BY {base.name}.cpf"


def rows_query(family: Family) -> str:
    """Return the query of the family's rows that count, with its row columns."""
    columns = "".join(f",\n  {column.sql} AS {column.name}" for column in family.row_columns)
    return f"SELECT cpf{columns}\nFROM {family.table.name}\nWHERE {family.row_filter}"


def measures_query(family: Family) -> str:
    """Return the query of the family's measures, one line a consumer that has any row that counts."""
    columns = "".join(f",\n  {measure.sql} AS {measure.name}" for measure in family.measures)
    aggregated = f"SELECT cpf{columns}\nFROM linhas_{family.name}\nGROUP BY cpf"
    if not family.derived:
        return aggregated
    derived = "".join(f",\n  {measure.sql} AS {measure.name}" for measure in family.derived)
    return f"SELECT *{derived}\nFROM ({aggregated})"
