"""Records as a store returned them: columns already in the lake's types, with what could not be converted.

One form for all three stores, so that every check is written once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.table_declaration import Table

Flags: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.uint8]


class Defect(IntEnum):
    """Why a value that the store holds has no counterpart in the lake (its place there is null)."""

    NONE = 0
    WRONG_TYPE = 1
    NOT_FINITE = 2
    TEXT = 3
    """A wrong type too, told apart because a store's index finds text where something else is due."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One column: ``values`` in the lake's type (null: absent or defective) and a Defect code a row.

    ``defects`` is None where the whole column is sound, which is the usual case.
    """

    values: pa.Array
    defects: Codes | None = None

    def has(self, defect: Defect) -> Flags:
        """Return which rows have the defect; text where it does not belong is of a wrong type."""
        if self.defects is None:
            return np.zeros(len(self.values), dtype=bool)
        if defect is Defect.WRONG_TYPE:
            return np.isin(self.defects, (Defect.WRONG_TYPE, Defect.TEXT))
        found: Flags = self.defects == defect
        return found


@dataclass(frozen=True, slots=True)
class Records:
    """One table's records: every read column by its contract name, always ``cpf``, and the record keys.

    ``keys`` are strings, or for Base C the ``_id`` elements as BSON bytes (``record_keys`` reads both).
    """

    table: Table
    columns: Mapping[str, Decoded]
    keys: pa.Array

    def __len__(self) -> int:
        return len(self.keys)


def filter_records(records: Records, kept: Flags) -> Records:
    """Return the chosen records."""
    mask = pa.array(kept)
    columns = {
        name: Decoded(column.values.filter(mask), None if column.defects is None else column.defects[kept])
        for name, column in records.columns.items()
    }
    return Records(records.table, columns, records.keys.filter(mask))


def concat_records(parts: Sequence[Records]) -> Records:
    """Return the records of one or more parts of the same table as one."""
    if len(parts) == 1:
        return parts[0]
    columns = {name: _concat([part.columns[name] for part in parts]) for name in parts[0].columns}
    return Records(parts[0].table, columns, pa.concat_arrays([part.keys for part in parts]))


def _concat(parts: Sequence[Decoded]) -> Decoded:
    values = pa.concat_arrays([part.values for part in parts])
    if all(part.defects is None for part in parts):
        return Decoded(values)
    defects = [np.zeros(len(p.values), dtype=np.uint8) if p.defects is None else p.defects for p in parts]
    return Decoded(values, np.concatenate(defects))
