"""What the declaration of a table says: its columns, their logical types, and what each tells of a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import pyarrow as pa


class Store(StrEnum):
    """The three stores, as ``rejeitado.base`` and the counts name them."""

    A = "A"
    B = "B"
    C = "C"


class Kind(StrEnum):
    """A column's logical type."""

    TEXT = "texto"
    DATE = "data"
    INSTANT = "instante_utc"
    MONEY = "dinheiro"


class Nature(StrEnum):
    """What a column tells of a person (LGPD art. 5 I); all but the last are personal data."""

    IDENTIFIER = "cpf"
    """The CPF."""
    NAME = "nome"
    """What the person is called."""
    PSEUDONYM = "pseudonimo"
    """Names the person to whoever holds Base A: ``cliente.id``."""
    CONTACT = "contato"
    """Where the person is found."""
    PROFILE = "perfil"
    """Who the person is: birth, sex, marital status, state."""
    FINANCIAL = "financeiro"
    """What the person owes, earns and owns."""
    EVENT = "evento"
    """What the person did, or was done about them, and when."""
    FREE_TEXT = "texto_livre"
    """Whatever somebody wrote; it may tell of health or conviction (LGPD art. 11)."""
    NONE = "nenhuma"
    """The record's own: its key, when it was written."""


DIRECT = (Nature.IDENTIFIER, Nature.NAME, Nature.PSEUDONYM, Nature.CONTACT)
"""What names or finds a person by itself, and stands nowhere outside the stores, the lake and the results."""

CENTS_SUFFIX = "_centavos"
INSTANT_TYPE = pa.timestamp("us")
_ARROW_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.DATE: pa.date32(),
    Kind.INSTANT: INSTANT_TYPE,
    Kind.MONEY: pa.int64(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column or document field.

    ``length`` is a text's, ``precision`` the digits before the two decimals are cut off of money
    (numeric(precision, 2)). ``nature`` is what it tells of a person. ``domain`` lists admitted values.
    """

    name: str
    kind: Kind
    description: str
    length: int | None = None
    precision: int | None = None
    nullable: bool = False
    read: bool = True
    domain: tuple[str, ...] = ()
    nature: Nature = field(kw_only=True)

    @property
    def lake_name(self) -> str:
        """Return the column's name in the lake, where money is an integer of cents."""
        return self.name + CENTS_SUFFIX if self.kind is Kind.MONEY else self.name

    @property
    def arrow_field(self) -> pa.Field:
        """Return the column's field in the lake: cents as int64, instants as naive UTC microseconds."""
        return pa.field(self.lake_name, _ARROW_TYPES[self.kind], nullable=self.nullable)


@dataclass(frozen=True, slots=True)
class Table:
    """One table or collection.

    ``key`` names the column whose value goes to ``rejeitado.chave`` (never personal; ``_id`` for Base C).
    ``known_at`` is the instant from which the record counts and ``ended_at`` the one that closes it.
    ``joins_by`` is the column that links a record to its consumer.
    """

    name: str
    store: Store
    description: str
    columns: tuple[Column, ...]
    key: str
    joins_by: str
    primary_key: str | None = None
    known_at: str | None = None
    ended_at: str | None = None
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[tuple[str, str, str], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> Column:
        """Return a column by its name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")

    @property
    def read_columns(self) -> tuple[Column, ...]:
        """Return the columns that the engine extracts."""
        return tuple(column for column in self.columns if column.read)

    @property
    def lake_schema(self) -> pa.Schema:
        """Return the Arrow schema of the checked records in the lake: always with ``cpf`` first.

        Tables that link by ``cliente_id`` gain the consumer's CPF, by which every file is sorted.
        """
        fields = [column.arrow_field for column in self.read_columns if column.name != "cpf"]
        return pa.schema([pa.field("cpf", pa.string(), nullable=False), *fields])
