"""Raw BSON documents -> where each wanted field lies and of what type it is, for all documents at once.

One cursor a document moves over the batch's bytes, all of them field by field in step: read the type byte,
compare the field's name, skip the value by its type's length. Every step is a handful of numpy operations
over all documents, whatever the order of their fields; what is not wanted is skipped, nested or not. The
types found are exact, which is what lets a check refuse a wrong one.

Of two fields of the same name the first counts, as in MongoDB's own queries and indexes, and that there is another
is told: which of them is meant nobody knows. BSON whose lengths do not add up gives StoreContractError; no byte
outside a document's own is ever used for it.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from extract.bson_types import ABSENT, DOCUMENT, ENDS_WITH_NUL, FIXED_SIZES, PREFIXED, REGEX
from extract.plain_bson import elements_between, malformed
from extract.records import Codes, Flags

Bytes: TypeAlias = npt.NDArray[np.uint8]
Offsets: TypeAlias = npt.NDArray[np.int64]

_SIZES = np.full(256, -1, dtype=np.int64)
_SIZES[list(FIXED_SIZES)] = list(FIXED_SIZES.values())

PADDING = b"\0" * 64
"""Follows a batch, so that a read of up to 8 bytes at any place of it stays inside the buffer."""

_INT32 = struct.Struct("<i")
_ID_NAME = int.from_bytes(b"_id\0", "little")
_TENS = 10 ** np.arange(1, 10)
_SMALLEST_DOCUMENT = 5
"""Bytes: a length and a NUL; also what lies before the name of a document's first field: a length and a type."""

_MANY_FIELDS = 64
"""Steps after which what is left is read one document at a time: a step costs a hundred fields of one document.

No document has as many fields that were asked for; one that has a field a million times would take hours.
"""

_LONGEST_PROBE = 48
_PROBES = 12
"""Names tried before documents are looked at by position of their next NUL: enough where fields repeat."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where one field's value lies in each document: BSON type (ABSENT where there is none), start and end.

    ``repeated``: the document has the field more than once.
    """

    types: Codes
    starts: Offsets
    ends: Offsets
    repeated: Flags

    def note(self, rows: Offsets, types: Codes, starts: Offsets, ends: Offsets) -> None:
        """Note where the field lies in some documents, or that it lies in them again."""
        again = self.types[rows] != ABSENT
        if again.any():
            self.repeated[rows[again]] = True
            rows, types, starts, ends = (one[~again] for one in (rows, types, starts, ends))
        self.types[rows], self.starts[rows], self.ends[rows] = types, starts, ends

    def note_one(self, row: int, kind: int, start: int, end: int) -> None:
        """Note the same of one document."""
        if self.types[row] != ABSENT:
            self.repeated[row] = True
        else:
            self.types[row], self.starts[row], self.ends[row] = kind, start, end


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents one after another, with ``PADDING`` behind; ``starts`` and ``ends`` delimit each."""

    data: Bytes
    starts: Offsets
    ends: Offsets

    def view(self, kind: str) -> npt.NDArray[Any]:
        """Return the bytes as values of a numpy type that start at every byte (overlapping)."""
        count = self.data.size - np.dtype(kind).itemsize + 1
        return np.ndarray(shape=(count,), dtype=kind, buffer=self.data, strides=(1,))


def open_batch(arrays: Sequence[bytes | memoryview]) -> Batch:
    """Return BSON arrays of documents, as replies hold them, as one batch; StoreContractError if malformed."""
    data = b"".join([*arrays, PADDING])
    batch = Batch(np.frombuffer(data, dtype=np.uint8), *_no_documents())
    parts, place = [_no_documents()], 0
    for array in arrays:
        parts.append(_documents_in(batch, place, place + len(array)))
        place += len(array)
    starts, ends = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Batch(batch.data, starts, ends)


def _no_documents() -> tuple[Offsets, Offsets]:
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


def _documents_in(batch: Batch, begin: int, end: int) -> tuple[Offsets, Offsets]:
    """Return where the documents of one array start and end."""
    _require(end - begin >= _SMALLEST_DOCUMENT and batch.view("<i4")[begin] == end - begin)
    starts = _guessed_starts(batch, begin, end)
    ends = starts + batch.view("<i4")[starts]
    if not _is_chain(batch, starts, ends, begin=begin, end=end):
        starts = _followed_starts(batch, begin, end)
        ends = starts + batch.view("<i4")[starts]
    _require(batch.data[ends - 1] == 0)
    return starts, ends


def _guessed_starts(batch: Batch, begin: int, end: int) -> Offsets:
    """Return the places in an array where a document would start whose first field is ``_id``."""
    marks = np.flatnonzero(batch.data[begin:end] == ord("_")) + begin
    found = marks[batch.view("<u4")[marks] == _ID_NAME]
    starts: Offsets = found[found >= begin + 4 + _SMALLEST_DOCUMENT] - _SMALLEST_DOCUMENT
    return starts


def _is_chain(batch: Batch, starts: Offsets, ends: Offsets, *, begin: int, end: int) -> bool:
    """Return whether these are an array's documents: each follows the one before, behind its type and number."""
    digits = np.searchsorted(_TENS, np.arange(len(starts)), side="right") + 1
    elements = np.append(begin + 4, ends[:-1])
    if not len(starts) or ends[-1] != end - 1 or (starts - elements != digits + 2).any():
        return False
    if (ends - starts < _SMALLEST_DOCUMENT).any() or batch.data[end - 1] != 0:
        return False
    numbered = all(batch.data[elements[digits >= at] + at].all() for at in range(1, int(digits[-1]) + 1))
    return bool((batch.data[elements] == DOCUMENT).all() and (batch.data[starts - 1] == 0).all() and numbered)


def _followed_starts(batch: Batch, begin: int, end: int) -> Offsets:
    """Return where an array's documents start, found one after another: where one does depends on the one before."""
    array = batch.data[begin:end].tobytes()
    starts, place, last = [], 4, len(array) - 1
    while place < last:
        start = array.find(0, place + 1) + 1
        if array[place] != DOCUMENT or not 0 < start <= last - _SMALLEST_DOCUMENT:
            raise malformed()
        length = _INT32.unpack_from(array, start)[0]
        if length < _SMALLEST_DOCUMENT:
            raise malformed()
        starts.append(start)
        place = start + length
    _require(place == last and array[place] == 0)
    return np.array(starts, dtype=np.int64) + begin


def locate_fields(batch: Batch, names: Sequence[str]) -> dict[str, Field]:
    """Return where each named top-level field lies in every document of the batch."""
    count = len(batch.starts)
    found = {
        name.encode(): Field(
            np.zeros(count, np.uint8), np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.bool_)
        )
        for name in names
    }
    walker = _Walker(batch)
    rows, cursors, last = np.arange(count), batch.starts + 4, batch.ends - 1
    for step in itertools.count():
        if not rows.size:
            break
        if step == _MANY_FIELDS:
            _locate_rest(batch, rows, cursors, last, found)
            break
        types = batch.data[cursors]
        finished = types == 0
        if finished.any():
            _require(cursors[finished] == last[finished])
            rows, cursors, last, types = (a[~finished] for a in (rows, cursors, last, types))
            continue
        values, hits = walker.read_names(cursors + 1, last, found)
        ends = walker.value_ends(types, values, last)
        for name, at in hits:
            found[name].note(rows[at], types[at], values[at], ends[at])
        cursors = ends
    return {name.decode(): field for name, field in found.items()}


def _locate_rest(batch: Batch, rows: Offsets, cursors: Offsets, last: Offsets, found: Mapping[bytes, Field]) -> None:
    for row, cursor, end in zip(rows.tolist(), cursors.tolist(), last.tolist(), strict=True):
        data = batch.data[cursor : end + 1].tobytes()
        for kind, name, start, stop in elements_between(data, 0, end - cursor):
            if name in found:
                found[name].note_one(row, kind, cursor + start, cursor + stop)


class _Walker:
    """Reads names and lengths at many places of one batch."""

    def __init__(self, batch: Batch) -> None:
        self._data = batch.data
        self._words = batch.view("<u8")
        self._ints = batch.view("<i4")
        self._nuls: Offsets | None = None

    def read_names(
        self, places: Offsets, last: Offsets, wanted: Mapping[bytes, Field]
    ) -> tuple[Offsets, list[tuple[bytes, npt.NDArray[np.int64]]]]:
        """Return where each value starts (behind its name), and which places hold each wanted name."""
        values = np.empty(len(places), dtype=np.int64)
        hits: list[tuple[bytes, npt.NDArray[np.int64]]] = []
        pending = np.arange(len(places))
        for _ in range(_PROBES):
            if not pending.size:
                return values, hits
            name = self._name_at(int(places[pending[0]]), int(last[pending[0]]))
            if len(name) > _LONGEST_PROBE:
                break
            same = self._matches(name, places[pending])
            at = pending[same]
            values[at] = places[at] + len(name) + 1
            if name in wanted:
                hits.append((name, at))
            pending = pending[~same]
        values[pending] = self._after_nul(places[pending])
        for name in wanted:
            at = pending[self._matches(name, places[pending])]
            hits.append((name, at))
        return values, hits

    def value_ends(self, types: Codes, values: Offsets, last: Offsets) -> Offsets:
        """Return where each value ends; StoreContractError if one does not end inside its document."""
        _require(values <= last)
        ends = values + _SIZES[types]
        for kind in np.unique(types[_SIZES[types] < 0]):
            at = np.flatnonzero(types == kind)
            ends[at] = self._long_ends(int(kind), values[at], last[at])
        _require((ends >= values) & (ends <= last))
        return ends

    def _long_ends(self, kind: int, values: Offsets, last: Offsets) -> Offsets:
        if kind == REGEX:
            pattern_ends = self._after_nul(values)
            _require(pattern_ends <= last)
            return self._after_nul(pattern_ends)
        if kind not in PREFIXED:
            raise malformed()
        outside, least = PREFIXED[kind]
        lengths = self._ints[values].astype(np.int64)
        _require(lengths >= least)
        ends = values + lengths + outside
        _require(ends <= last)
        if kind in ENDS_WITH_NUL:
            _require(self._data[ends - 1] == 0)
        return ends

    def _name_at(self, place: int, last: int) -> bytes:
        text = self._data[place : min(place + _LONGEST_PROBE + 1, last) + 1].tobytes()
        return text.partition(b"\0")[0]

    def _matches(self, name: bytes, places: Offsets) -> Flags:
        """Return which places hold exactly ``name`` and its NUL, comparing eight bytes at a time."""
        wanted = name + b"\0"
        same = np.ones(len(places), dtype=bool)
        for offset in range(0, len(wanted), 8):
            chunk = wanted[offset : offset + 8]
            mask = np.uint64(2 ** (8 * len(chunk)) - 1)
            same &= (self._words[places + offset] & mask) == np.uint64(int.from_bytes(chunk, "little"))
        return same

    def _after_nul(self, places: Offsets) -> Offsets:
        if self._nuls is None:
            self._nuls = np.flatnonzero(self._data == 0)
        return self._nuls[np.searchsorted(self._nuls, places)] + 1


def _require(condition: Flags | np.bool_ | bool) -> None:
    if not np.all(condition):
        raise malformed()
