"""Hostile rows of Bases A and B: each column with what its type can hold and no reader expects, and any mixture.

A value is what PostgreSQL is given and what it means to a reader (``judgement``): dates as days and instants as
microseconds since 1970, money as cents.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from contracts.table_declaration import Column, Kind, Store, Table
from contracts.tables import tables_of
from tests.extract_samples import cpf_of
from tests.hostile.injections import TEXTS
from tests.hostile.judgement import NOT_FINITE, cents_of, microseconds

RELATIONAL = (*tables_of(Store.A), *tables_of(Store.B))
START = datetime(2025, 1, 10, 12)


@dataclass(frozen=True)
class Value:
    """What a column is given, as text or null, and what it means."""

    given: str | None
    means: Any


def day(text: str, means: float | None = None) -> Value:
    return Value(text, (date.fromisoformat(text) - date(1970, 1, 1)).days if means is None else means)


def moment(text: str, means: float | None = None) -> Value:
    return Value(text, microseconds(datetime.fromisoformat(text)) if means is None else means)


def words(text: str) -> Value:
    return Value(text, text)


DATES = (
    day("infinity", math.inf),
    day("-infinity", -math.inf),
    day("4713-01-01 BC", -math.inf),
    day("0044-03-15 BC", -math.inf),
    day("0001-01-01"),
    day("1899-12-31"),
    day("1900-01-01"),
    day("2200-12-31"),
    day("2201-01-01"),
    day("9999-12-31"),
    day("10000-01-01", math.inf),
    day("5874897-12-31", math.inf),
)
INSTANTS = (
    moment("infinity", math.inf),
    moment("-infinity", -math.inf),
    moment("4713-01-01 00:00:00 BC", -math.inf),
    moment("0001-01-01 00:00:00"),
    moment("1899-12-31 23:59:59.999999"),
    moment("1900-01-01 00:00:00"),
    moment("1969-12-31 23:59:59.999999"),
    moment("2200-12-31 23:59:59"),
    moment("2201-01-01 00:00:00"),
    moment("9999-12-31 23:59:59.999999"),
    moment("10000-01-01 00:00:00", math.inf),
    moment("294276-12-31 23:59:59.999999", math.inf),
)


def amounts(column: Column) -> tuple[Value, ...]:
    """Return amounts at the ends of numeric(precision, 2), and what is none."""
    most = "9" * ((column.precision or 14) - 2) + ".99"
    texts = ("0.00", "-0.01", "0.01", "1000000000.00", "1000000000.01", most, f"-{most}")
    return (Value("NaN", NOT_FINITE), *(Value(text, cents_of(Decimal(text))) for text in texts))


def texts(column: Column) -> tuple[Value, ...]:
    """Return texts of every kind, cut to the column's length, and one as long as it takes."""
    length = column.length or 200
    cut = list(
        dict.fromkeys(text[:length] for text in (*TEXTS, "x" * length, "\U0001f4a3" * length, "NULL", "null", "\\N"))
    )
    return tuple(words(text) for text in cut)


def values_of(column: Column) -> tuple[Value, ...]:
    """Return the hostile values of a column."""
    found = {Kind.DATE: DATES, Kind.INSTANT: INSTANTS}.get(column.kind)
    if found is None:
        found = amounts(column) if column.kind is Kind.MONEY else texts(column)
    return (*found, Value(None, None)) if column.nullable else found


class Rows:
    """Makes rows, each unlike any other, of given consumers; those of a person's register are ``named`` anew."""

    def __init__(self, people: Sequence[tuple[str, str]]) -> None:
        self._people = people
        self._made = 0
        self.named: list[tuple[str, str]] = []

    def start(self, number: int) -> None:
        """Number the rows from there on."""
        self._made = number

    def sound(self, table: Table) -> dict[str, Value]:
        """Return a row without fault."""
        self._made += 1
        n = self._made
        client_id, cpf = self._people[n % len(self._people)]
        if table.name in ("cliente", "pessoa"):
            client_id, cpf = f"h-{n}", cpf_of(600_000_000 + n)
            self.named.append((client_id, cpf))
        values = {column.name: self._plain(column, n) for column in table.columns}
        own = {"id": f"h-{n}", "cliente_id": client_id, "cpf": cpf, "uf": "SP", "frequencia": "mensal"}
        values |= {name: words(text) for name, text in own.items() if name in values}
        if table.ended_at is not None:
            values[table.ended_at] = Value(None, None)
        return values

    def _plain(self, column: Column, n: int) -> Value:
        match column.kind:
            case Kind.TEXT:
                return words(f"{column.name} {n}"[: column.length])
            case Kind.DATE:
                return day((date(1980, 1, 1) if column.name == "data_nascimento" else date(2025, 1, 1)).isoformat())
            case Kind.INSTANT:
                return moment((START + timedelta(seconds=n)).isoformat(sep=" "))
            case Kind.MONEY:
                return Value(f"{n}.50", n * 100 + 50)


def one_fault_each(table: Table, rows: Rows) -> Iterator[dict[str, Value]]:
    """Yield sound rows but for one column, which has each of its hostile values in turn."""
    for column in table.columns:
        for value in values_of(column):
            yield rows.sound(table) | {column.name: value}


def mixtures(table: Table, rows: Rows, count: int, *, seed: int) -> Iterator[dict[str, Value]]:
    """Yield rows with several columns hostile at once."""
    chosen = random.Random(f"{seed} {table.name}")
    free = [c for c in table.columns if c.name not in (table.primary_key, "cpf", "cliente_id", "id")]
    for _ in range(count):
        spoilt = chosen.sample(free, k=min(chosen.choice((1, 2, 3)), len(free)))
        yield rows.sound(table) | {column.name: chosen.choice(values_of(column)) for column in spoilt}


def given(rows: Sequence[Mapping[str, Value]]) -> list[dict[str, str | None]]:
    """Return rows as PostgreSQL takes them."""
    return [{name: value.given for name, value in row.items()} for row in rows]


def meaning_of(table: Table, row: Mapping[str, Value]) -> tuple[str, dict[str, Any]]:
    """Return a row's key and what its read columns mean."""
    return str(row[table.key].means), {column.name: row[column.name].means for column in table.read_columns}
