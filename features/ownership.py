"""Whose record each row is: a lake table in the order of the known consumers, so that anybody's records are a slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OwnedRecords:
    """Records sorted by owner, the place of their consumer among the known ones."""

    batch: pa.RecordBatch
    owners: Places

    def slice(self, first: int, count: int) -> OwnedRecords:
        """Return the records of some consumers in a row, who are counted from zero then."""
        start, end = np.searchsorted(self.owners, [first, first + count]).tolist()
        return OwnedRecords(self.batch.slice(start, end - start), self.owners[start:end] - first)

    def filter(self, mask: pa.Array) -> OwnedRecords:
        """Return the records that a mask lets count."""
        return OwnedRecords(self.batch.filter(mask), self.owners.take(true_places(mask)))


def own_records(table: pa.Table, consumers: pa.Array) -> OwnedRecords:
    """Return the records of these consumers (their distinct cpfs), in their order; nobody else's."""
    batch = whole_batch(table)
    owners = _find_owners(batch["cpf"], consumers)
    records = OwnedRecords(batch.drop_columns(["cpf"]), owners)
    if (owners < 0).any():
        records = records.filter(pa.array(owners >= 0))
    if (records.owners[1:] < records.owners[:-1]).any():  # the lake's tables are sorted; others' need not be
        order = np.argsort(records.owners, kind="stable")
        records = OwnedRecords(records.batch.take(pa.array(order)), records.owners[order])
    return records


def whole_batch(table: pa.Table) -> pa.RecordBatch:
    """Return a table's rows in one batch, each text column with one dictionary at most."""
    [batch] = table.unify_dictionaries().combine_chunks().to_batches() or [_empty_batch(table.schema)]
    return batch


def _empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)


def _find_owners(cpfs: pa.Array, consumers: pa.Array) -> Places:
    """Return each row's place among the consumers, -1 for nobody; a cpf is sought once for all rows that share it."""
    if pa.types.is_dictionary(cpfs.type):
        codes: npt.NDArray[np.int32] = cpfs.indices.to_numpy()
        return _places(pc.index_in(cpfs.dictionary, value_set=consumers))[codes]
    runs = pc.run_end_encode(cpfs, run_end_type=pa.int64())
    places = _places(pc.index_in(runs.values, value_set=consumers))
    return np.repeat(places, np.diff(runs.run_ends.to_numpy(), prepend=0))


def _places(found: pa.Array) -> Places:
    places: Places = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    return places


def true_places(mask: pa.Array) -> Places:
    """Return where a mask without nulls is true, in order."""
    return np.flatnonzero(unpack(mask))


def unpack(mask: pa.Array) -> npt.NDArray[np.uint8]:
    """Return a mask without nulls as zeros and ones: all bits at once, many times Arrow's own speed."""
    if not len(mask):
        return np.zeros(0, np.uint8)
    _, bits = mask.buffers()
    whole = np.unpackbits(np.frombuffer(bits, np.uint8), count=mask.offset + len(mask), bitorder="little")
    return whole[mask.offset :]
