"""What changed in Base C since the last snapshot: its latest documents, by CPF range, and where older ones are missing.

Documents are found by date, so the ranges are told apart here. How many a collection should hold follows from
the snapshot's counts of older documents and from the new ones; where it holds another number, each range is
counted, and those that differ are to be read whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.extraction import CpfRange
from contracts.tables import INSTANT_TYPE, Table
from extract import base_c
from extract.records import Records, filter_records

if TYPE_CHECKING:
    from pymongo.database import Database

Places = npt.NDArray[np.int64]

STRAY = -1
"""The place of a document that no CPF range holds."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How many documents older than the tail each place of a collection holds by the snapshot (STRAY: the strays)."""

    heads: Mapping[int, int]
    tails: Mapping[int, int]

    def of(self, place: int) -> int:
        """Return how many documents a place should hold."""
        return self.heads.get(place, 0) + self.tails.get(place, 0)

    @property
    def total(self) -> int:
        """Return how many documents the collection should hold."""
        return sum(self.heads.values()) + sum(self.tails.values())


def read_tail(
    database: Database[dict[str, Any]], table: Table, ranges: Sequence[CpfRange], since: datetime
) -> Iterator[tuple[Records, Places]]:
    """Yield batches of the documents of ``since`` or later, and each one's range or STRAY.

    One with an array for a CPF is left out: which range answers for it is seen when the range is read whole, as
    it will be, for the count does not match.
    """
    for records, has_array in base_c.read_since(database, table, since):
        times = records.columns[table.known_at or ""].values
        dated = pc.fill_null(pc.greater_equal(times, pa.scalar(since, INSTANT_TYPE)), False)
        found = filter_records(records, np.asarray(dated) & ~has_array)
        if len(found):
            yield found, places_of(found.columns["cpf"].values, ranges)


def places_of(cpfs: pa.Array, ranges: Sequence[CpfRange]) -> Places:
    """Return the index of the range that holds each CPF; STRAY for none.

    >>> places_of(pa.array(["1", None, "7"]), [CpfRange(0, None, "5"), CpfRange(1, "5", None)]).tolist()
    [0, -1, 1]
    """
    bounds = np.array([cpf_range.lower for cpf_range in ranges[1:]], dtype=str)
    texts = np.array(pc.fill_null(cpfs, "").to_pylist(), dtype=str)
    places = np.searchsorted(bounds, texts, side="right").astype(np.int64)
    places[np.asarray(cpfs.is_null())] = STRAY
    return places


def changed_places(
    database: Database[dict[str, Any]],
    table: Table,
    ranges: Sequence[CpfRange],
    expected: Expected,
    *,
    counted_before: int,
) -> frozenset[int]:
    """Return the ranges (STRAY: the strays) whose number of documents is not what was expected.

    ``counted_before`` is the collection's number before its tail was read: documents that arrive meanwhile are
    in the tail, so the number expected may lie between that and the number now.
    """
    counted_after = base_c.count_documents(database, table)
    if counted_before <= expected.total <= counted_after:
        return frozenset()
    differing = {
        one.index
        for one in ranges
        if base_c.count_documents(database, table, base_c.range_filter(one)) != expected.of(one.index)
    }
    if base_c.count_documents(database, table, base_c.stray_filter()) != expected.of(STRAY):
        differing.add(STRAY)
    return frozenset(differing)
