"""Base C's documents: Arrow rows of generated events -> dicts as pymongo writes them.

Amounts become the BSON type that their row names; a null optional field is left out of its document.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa
from bson import Decimal128, ObjectId

from contracts.table_declaration import Table
from population.raw_schema import CENTS, FORM, OBJECT_ID, MoneyForm

Document: TypeAlias = dict[str, Any]


def documents_of(table: Table, rows: pa.Table) -> list[Document]:
    """Return one document a row, its fields in the contract's order after ``_id``."""
    columns: dict[str, list[Any]] = {OBJECT_ID: [ObjectId(key) for key in rows[OBJECT_ID].to_pylist()]}
    for column in table.columns:
        if column.name in rows.column_names:
            columns[column.name] = rows[column.name].to_pylist()
        else:
            pairs = zip(rows[CENTS].to_pylist(), rows[FORM].to_pylist(), strict=True)
            columns[column.name] = [money_value(cents, form) for cents, form in pairs]
    names = tuple(columns)
    documents = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    _drop_nulls(documents, rows)
    return documents


def money_value(cents: int, form: int) -> float | int | Decimal128:
    """Return an amount of cents in its BSON form; an int only holds whole reais.

    >>> money_value(1050, MoneyForm.DOUBLE), money_value(1000, MoneyForm.INTEGER), money_value(5, MoneyForm.DECIMAL)
    (10.5, 10, Decimal128('0.05'))
    """
    if form == MoneyForm.INTEGER:
        return cents // 100
    if form == MoneyForm.DOUBLE:
        return cents / 100
    return Decimal128(Decimal(cents).scaleb(-2))


def _drop_nulls(documents: list[Document], rows: pa.Table) -> None:
    for name in rows.column_names:
        if rows[name].null_count:
            for row, is_null in enumerate(rows[name].is_null().to_pylist()):
                if is_null:
                    del documents[row][name]
