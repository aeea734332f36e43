"""What extraction hands over: CPF ranges, checked tables, refused records, and counts that reconcile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

REJECTS_SCHEMA = pa.schema(
    [
        pa.field("base", pa.string(), nullable=False),
        pa.field("tabela", pa.string(), nullable=False),
        pa.field("chave", pa.string()),
        pa.field("regra", pa.string(), nullable=False),
    ]
)
"""One row a refused record; ``chave`` is the record's key, never a person's data."""


@dataclass(frozen=True, slots=True)
class CpfRange:
    """A half-open range of CPFs, ``lower <= cpf < upper`` in byte order; None is unbounded."""

    index: int
    lower: str | None
    upper: str | None


@dataclass(frozen=True, slots=True)
class TableCounts:
    """What became of one table's records: ``read == used + ignored + rejected``, by rule."""

    read: int = 0
    used: int = 0
    ignored: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)

    @property
    def difference(self) -> int:
        """Return read minus all that is accounted for: zero, or something was lost."""
        return self.read - self.used - sum(self.ignored.values()) - sum(self.rejected.values())

    def __add__(self, other: TableCounts) -> TableCounts:
        """Return the sum of two counts, rule by rule."""
        return TableCounts(
            self.read + other.read,
            self.used + other.used,
            _add(self.ignored, other.ignored),
            _add(self.rejected, other.rejected),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the counts as manifests and reports hold them."""
        return {
            "lidos": self.read,
            "usados": self.used,
            "ignorados": dict(sorted(self.ignored.items())),
            "rejeitados": dict(sorted(self.rejected.items())),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> TableCounts:
        """Return the counts that ``to_json`` wrote; TypeError or KeyError if they are of another form."""
        counts = cls(body["lidos"], body["usados"], dict(body["ignorados"]), dict(body["rejeitados"]))
        if {int} != set(map(type, (counts.read, counts.used, *counts.ignored.values(), *counts.rejected.values()))):
            raise TypeError("a count is not a whole number")
        return counts


def _add(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {name: left.get(name, 0) + right.get(name, 0) for name in sorted({*left, *right})}


@dataclass(frozen=True, slots=True)
class Extraction:
    """One range of all three stores: a table of ``Table.lake_schema`` each, sorted by CPF, and its rejects.

    ``aside`` holds, as the store returned them, the records that are not in ``tables`` (of the tables that an
    incremental run does not read whole), and ``heads`` how many of each collection's are older than k days
    before the cutoff, for k from 0: with them the next run tells what changed (docs/decisions/0011).
    ``read_whole`` names the tables that an incremental run had to read whole; None where everything was read.
    """

    tables: Mapping[str, pa.Table]
    rejects: pa.Table
    counts: Mapping[str, TableCounts]
    aside: Mapping[str, pa.Table] = field(default_factory=dict)
    heads: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    read_whole: tuple[str, ...] | None = None
