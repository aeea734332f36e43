"""How PostgreSQL and Oracle write what a points table needs: names, texts, exact numbers, missing values, look-ups."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from contracts.errors import UsageError

ORACLE_NUMBER_RANGE = (1e-120, 1e120)
"""Magnitudes that a NUMBER holds with all digits of a float64 (its own range is 1e-130 to 1e126)."""

UNISTR_PIECE = 500
"""Characters of one ``UNISTR`` literal: five bytes each, of the 4000 that Oracle takes."""

LEAF_SCORES = 32
"""Scores of one CASE before the look-up of probabilities branches."""

_SIMPLE_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_PLAIN_ASCII = re.compile(r"^[\x20-\x7e]*$")


class SqlDialect(ABC):
    """The words of one database; every method returns a piece of SQL."""

    fence: str = ""
    """Ends a subquery that must not be merged into the query around it: its expressions would multiply."""
    hint: str = ""
    """Stands after such a subquery's SELECT."""
    max_columns: int
    max_name_bytes: int

    def name(self, text: str) -> str:
        """Return a column's or table's name, quoted; UsageError if no column can have it."""
        if len(text.encode()) > self.max_name_bytes or "\x00" in text:
            raise UsageError(f"a name longer than {self.max_name_bytes} bytes cannot be a column's: {text[:20]!r}...")
        return '"' + text.replace('"', '""') + '"'

    @abstractmethod
    def text(self, value: str) -> str:
        """Return a text literal."""

    @abstractmethod
    def can_hold(self, value: str) -> bool:
        """Tell whether a column of the database can hold this text at all."""

    @abstractmethod
    def number(self, value: float) -> str:
        """Return a finite float64 as a literal that is read back as itself."""

    @abstractmethod
    def number_column(self, name: str) -> str:
        """Return a numeric column as a float64, null where it is NaN."""

    @abstractmethod
    def text_column(self, name: str) -> str:
        """Return a categorical column as text."""

    @abstractmethod
    def is_true(self, name: str) -> str:
        """Return the condition that a flag is set."""

    @abstractmethod
    def real_at(self, place: str, first: int, values: npt.NDArray[np.float32]) -> str:
        """Return the look-up of a float32 at an integer place, the first value standing at ``first``."""

    @abstractmethod
    def json_text(self, text: str) -> str:
        """Return an expression of JSON text as the database's JSON."""


class PostgreSql(SqlDialect):
    """PostgreSQL 12 or later."""

    fence = " OFFSET 0"
    max_columns = 1_600
    max_name_bytes = 63

    def text(self, value: str) -> str:
        """Return a text literal that reads the same whatever ``standard_conforming_strings`` says."""
        quoted = value.replace("'", "''")
        return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in value else f"'{quoted}'"

    def can_hold(self, value: str) -> bool:
        """Tell whether the text has no NUL, which PostgreSQL's texts never hold."""
        return "\x00" not in value

    def number(self, value: float) -> str:
        """Return the shortest digits that are this float64, read as one by ``float8in``."""
        return f"'{value!r}'::float8"

    def number_column(self, name: str) -> str:
        """Return the column as double precision, null where it is NaN (which equals itself here)."""
        return f"NULLIF({name}::float8, 'NaN'::float8)"

    def text_column(self, name: str) -> str:
        """Return the column as text, so that char(n) loses its padding."""
        return f"{name}::text"

    def is_true(self, name: str) -> str:
        """Return the boolean itself."""
        return name

    def real_at(self, place: str, first: int, values: npt.NDArray[np.float32]) -> str:
        """Return a subscript of a constant array: one step whatever the score."""
        listed = ",".join(str(value) for value in values)
        return f"('{{{listed}}}'::float4[])[{place} - ({first - 1})]"

    def json_text(self, text: str) -> str:
        """Return the text as jsonb, as the results store keeps it."""
        return f"({text})::jsonb"


class Oracle(SqlDialect):
    """Oracle 12.2 or later; flags are NUMBER(1), names are upper case unless they need quotes."""

    hint = " /*+ NO_MERGE */"
    max_columns = 1_000
    max_name_bytes = 128

    def name(self, text: str) -> str:
        """Return the name as Oracle keeps it: ``uf`` created without quotes is ``"UF"``."""
        if '"' in text:
            raise UsageError(f"a name with quotes cannot be an Oracle column's: {text[:20]!r}")
        return super().name(text.upper() if _SIMPLE_NAME.match(text) else text)

    def text(self, value: str) -> str:
        """Return a text literal; beyond ASCII by code units, whatever the client's character set."""
        if _PLAIN_ASCII.match(value):
            return "'" + value.replace("'", "''") + "'"
        pieces = [value[start : start + UNISTR_PIECE] for start in range(0, len(value), UNISTR_PIECE)]
        return " || ".join(f"UNISTR('{''.join(map(_unistr, piece))}')" for piece in pieces)

    def can_hold(self, value: str) -> bool:
        """Tell whether the text is not empty: Oracle's empty text is null."""
        return value != ""

    def number(self, value: float) -> str:
        """Return the shortest digits that are this float64, without a decimal point where a text must hold them."""
        low, high = ORACLE_NUMBER_RANGE
        if value == 0 or low <= abs(value) <= high:
            return repr(value + 0.0)
        digits, exponent = f"{value:.16e}".split("e")
        return f"TO_BINARY_DOUBLE('{digits.replace('.', '')}E{int(exponent) - 16}')"

    def number_column(self, name: str) -> str:
        """Return the column as BINARY_DOUBLE, null where it is NaN; bare numbers beside it become BINARY_DOUBLE."""
        value = f"CAST({name} AS BINARY_DOUBLE)"
        return f"CASE WHEN {value} IS NAN THEN NULL ELSE {value} END"

    def text_column(self, name: str) -> str:
        """Return the column itself."""
        return name

    def is_true(self, name: str) -> str:
        """Return the comparison with one."""
        return f"{name} = 1"

    def real_at(self, place: str, first: int, values: npt.NDArray[np.float32]) -> str:
        """Return a tree of CASEs over the places, with runs of equal values taken together."""
        runs = [(last, value) for value, last in _runs(first, values)]
        return f"CAST({_case_tree(place, runs)} AS BINARY_FLOAT)"

    def json_text(self, text: str) -> str:
        """Return the text itself: a JSON column, or an IS JSON check, takes it."""
        return text


DIALECTS: dict[str, SqlDialect] = {"postgresql": PostgreSql(), "oracle": Oracle()}


def dialect_of(name: str) -> SqlDialect:
    """Return a dialect by its name; UsageError if there is none."""
    if name not in DIALECTS:
        raise UsageError(f"no SQL dialect {name[:20]!r}: choose one of {', '.join(DIALECTS)}")
    return DIALECTS[name]


def _unistr(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if _PLAIN_ASCII.match(character):
        return character.replace("'", "''")
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\{units[start : start + 4]}" for start in range(0, len(units), 4))


def _runs(first: int, values: npt.NDArray[np.float32]) -> list[tuple[float, int]]:
    """Return each run of equal values and the place where it ends."""
    runs, place = [], first
    for value, same in groupby(values.tolist()):
        place += sum(1 for _ in same)
        runs.append((value, place - 1))
    return runs


def _case_tree(place: str, runs: Sequence[tuple[int, float]]) -> str:
    if len(runs) <= LEAF_SCORES:
        branches = " ".join(f"WHEN {place} <= {last} THEN {value:.17g}" for last, value in runs[:-1])
        return f"CASE {branches} ELSE {runs[-1][1]:.17g} END" if branches else f"{runs[-1][1]:.17g}"
    middle = len(runs) // 2
    left, right = _case_tree(place, runs[:middle]), _case_tree(place, runs[middle:])
    return f"CASE WHEN {place} <= {runs[middle - 1][0]} THEN {left} ELSE {right} END"
