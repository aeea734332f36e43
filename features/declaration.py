"""What a feature, a measure and a family of records are: the forms in which the catalog is declared.

A family reads one table, row by row, through named row columns and a filter (what was known then, what the
law lets count); measures aggregate its rows to one line a consumer, in integers; a feature is a formula over
measures. Every text in SQL is the one that runs, so that documentation and execution cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.feature_terms import RiskDirection
from contracts.table_declaration import Table


@dataclass(frozen=True, slots=True)
class RowColumn:
    """One value of each record, ``sql`` over the table's columns and the family's earlier row columns."""

    name: str
    sql: str
    description: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One integer value a consumer: one aggregate of the family's rows, or derived from its measures."""

    name: str
    sql: str
    description: str


@dataclass(frozen=True, slots=True)
class Family:
    """Records of one table that may count as of a date; a consumer without any has no line, so all is null.

    ``row_filter`` says which records count; ``presence`` says it in Portuguese, as the dictionary shows it.
    ``measures`` aggregate rows; ``derived`` are expressions over them and over earlier ones of their own kind.
    ``legal_note`` is that of its features unless one states its own. The family without measures holds one
    row a consumer (the profile), to which the others are joined.
    """

    name: str
    prefix: str
    title: str
    table: Table
    legal_note: str
    row_filter: str
    presence: str
    row_columns: tuple[RowColumn, ...]
    measures: tuple[Measure, ...] = ()
    derived: tuple[Measure, ...] = ()

    @property
    def declared(self) -> tuple[RowColumn | Measure, ...]:
        """Return every named expression of the family, in the order of execution."""
        return (*self.row_columns, *self.measures, *self.derived)

    def feature(  # noqa: PLR0913 - a declaration names every attribute
        self,
        code: str,
        name: str,
        formula: str,
        *,
        unit: str,
        about: str,
        direction: RiskDirection,
        raises: str,
        lowers: str,
        legal_note: str | None = None,
        dtype: Literal["double", "text"] = "double",
        may_be_negative: bool = False,
    ) -> Feature:
        """Return a feature of this family, its code prefixed by the family's."""
        return Feature(
            name=name,
            code=f"{self.prefix}{code}",
            family=self.name,
            formula=formula,
            unit=unit,
            description=about,
            direction=direction,
            legal_note=legal_note or self.legal_note,
            text_raises=raises,
            text_lowers=lowers,
            dtype=dtype,
            may_be_negative=may_be_negative,
        )


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as of a date; missing (null) where its family knows nothing or its denominator is zero.

    ``formula`` is the SQL expression that runs, over ``family.measure`` names. ``text_raises`` and
    ``text_lowers`` tell a consumer why the score went up or down. ``sources`` is filled by the catalog from
    the expressions themselves (``table.column``), so it cannot be forgotten or wrong. Counts, amounts and days
    are never negative, and the gates hold them to it; a trend ``may_be_negative``.
    """

    name: str
    code: str
    family: str
    formula: str
    unit: str
    description: str
    direction: RiskDirection
    legal_note: str
    text_raises: str
    text_lowers: str
    dtype: Literal["double", "text"] = "double"
    sources: tuple[str, ...] = ()
    may_be_negative: bool = False


def count_if(condition: str) -> str:
    """Return the SQL that counts the rows of a condition; zero when none meets it."""
    return f"count(*) FILTER (WHERE {condition})"


def sum_if(column: str, condition: str) -> str:
    """Return the SQL that sums a column over the rows of a condition; zero when none meets it.

    >>> sum_if("centavos", "aberta")
    'sum(CASE WHEN aberta THEN centavos ELSE 0 END)'
    """
    # CASE and not FILTER: of no row that meets it, a FILTER's sum is null.
    return f"sum(CASE WHEN {condition} THEN {column} ELSE 0 END)"


def count_distinct_if(column: str, condition: str) -> str:
    """Return the SQL that counts the distinct values of a column over the rows of a condition."""
    return f"count(DISTINCT {column}) FILTER (WHERE {condition})"


def add(terms: Sequence[str]) -> str:
    """Return the SQL sum of terms.

    >>> add(["p0", "p1"])
    'p0 + p1'
    """
    return " + ".join(terms)
