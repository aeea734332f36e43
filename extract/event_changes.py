"""What changed in Base C since the last snapshot: its latest documents, by CPF range, and where older ones are missing.

Documents are found by date, so the ranges are told apart here. How many a collection should hold follows from
the snapshot's counts of older documents and from the new ones; where it holds another number, each range is
counted, and those that differ are to be read whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.extraction import CpfRange
from contracts.table_declaration import Table
from extract import base_c
from extract.records import Records, filter_records
from extract.watermark import is_read_anew

if TYPE_CHECKING:
    from pymongo.database import Database

Places = npt.NDArray[np.int64]

STRAY = -1
"""The place of a document that no CPF range holds."""


def read_tail(
    database: Database[dict[str, Any]], table: Table, ranges: Sequence[CpfRange], since: datetime
) -> Iterator[tuple[Records, Places]]:
    """Yield batches of the documents that every incremental run reads, and each one's range or STRAY."""
    for records, held_by in base_c.read_since(database, table, since):
        anew = is_read_anew(records, since)
        if anew.any():
            yield filter_records(records, anew), places_of(held_by.filter(pa.array(anew)), ranges)


def places_of(cpfs: pa.Array, ranges: Sequence[CpfRange]) -> Places:
    """Return the index of the range that holds each text, whatever it is; STRAY for null.

    >>> places_of(pa.array(["1", None, "7"]), [CpfRange(0, None, "5"), CpfRange(1, "5", None)]).tolist()
    [0, -1, 1]
    """
    bounds = [cpf_range.lower or "" for cpf_range in ranges[1:]]
    codes = cpfs.dictionary_encode()
    listed = [bisect_right(bounds, text) for text in codes.dictionary.to_pylist()]
    places: Places = np.array([*listed, STRAY], dtype=np.int64)[np.asarray(codes.indices.fill_null(len(listed)))]
    return places


def changed_places(  # noqa: PLR0913 - what is known of a collection
    database: Database[dict[str, Any]],
    table: Table,
    ranges: Sequence[CpfRange],
    heads: Mapping[int, int],
    *,
    since: datetime,
    tail: int,
    counted_before: int,
) -> frozenset[int]:
    """Return the ranges (STRAY: the strays) that lost or gained documents older than ``since``.

    ``heads`` are the older ones by the snapshot, ``tail`` how many were read. ``counted_before`` is the
    collection's number before that: documents that arrive meanwhile are in the tail, so the number expected may lie
    between it and the number now, which is asked for only then. Lists of CPFs, which several ranges may match, are not
    counted.
    """
    expected = sum(heads.values()) + tail
    if counted_before == expected or counted_before < expected <= base_c.count_documents(database, table):
        return frozenset()
    older = {str(table.known_at): {"$lt": since}, "cpf.0": {"$exists": False}}
    filters = {one.index: base_c.range_filter(one) for one in ranges} | {STRAY: base_c.stray_filter()}
    return frozenset(
        place
        for place, query in filters.items()
        if base_c.count_documents(database, table, query | older) != heads.get(place, 0)
    )
