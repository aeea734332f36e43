"""A query on MongoDB -> the arrays of documents in its replies, as the bytes that came.

The driver's own raw batches make a Python object of every document on the way (80% of the client's work).
Here the array is cut out of the reply before the driver looks at it, and the driver reads what is left:
cursor, errors, cluster time. Where cursors go on, on which server, stays its business.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo import version as driver_version
from pymongo.cursor import RawBatchCursor

from contracts.errors import StoreContractError
from extract.bson_types import ARRAY, DOCUMENT
from extract.plain_bson import element_end

if TYPE_CHECKING:
    from pymongo.database import Database

Octets = bytes | memoryview

BATCH_NAMES = (b"firstBatch", b"nextBatch")
_CURSOR_NAME = b"cursor"
_EMPTY_ARRAY = b"\x05\0\0\0\0"
_LONGEST_NAME = 64
_INT32 = struct.Struct("<i")


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """Where a reply's array of documents lies (``start`` to ``end``), under which name, in which ``cursor``."""

    name: str
    cursor: int
    start: int
    end: int


class ReplyCursor(RawBatchCursor[Any]):
    """A cursor that yields each reply's array of documents: BSON, as a memoryview of the reply."""

    def _unpack_response(self, response: Any, *others: Any, **named: Any) -> Any:
        """Unpack a reply (the driver calls it), with its array of documents untouched."""
        reply = response.payload_document
        place = locate_batch(reply)
        if place is None:
            return super()._unpack_response(response, *others, **named)
        response.payload_document = without_batch(reply, place)
        unpacked = super()._unpack_response(response, *others, **named)
        unpacked[0]["cursor"][place.name] = [memoryview(reply)[place.start : place.end]]
        return unpacked


def find_arrays(
    database: Database[dict[str, Any]],
    collection: str,
    query: Mapping[str, Any],
    projection: Mapping[str, Any],
    *,
    batch_size: int,
) -> Generator[memoryview, None, None]:
    """Yield the arrays of documents that answer a query, reply by reply; PyMongoError as the driver raises it.

    Whoever may stop early closes it, and with it the server's cursor. StoreContractError if the driver no longer
    unpacks replies by the method that is overridden here, which is not public.
    """
    with ReplyCursor(database[collection], query, projection, batch_size=batch_size) as cursor:
        for array in cursor:
            if not isinstance(array, memoryview):
                raise StoreContractError(f"pymongo {driver_version}: replies cannot be read; install an older version")
            yield array


def locate_batch(reply: Octets) -> BatchPlace | None:
    """Return where a reply's array of documents lies; None if there is none, it is empty, or the reply is cut off."""
    try:
        for kind, name, start, _ in _elements(reply, 0):
            if kind == DOCUMENT and name == _CURSOR_NAME:
                return _batch_of_cursor(reply, start)
    except (IndexError, struct.error):  # the driver says what is wrong with it
        return None
    return None


def _batch_of_cursor(reply: Octets, cursor: int) -> BatchPlace | None:
    for kind, name, start, end in _elements(reply, cursor):
        if kind == ARRAY and name in BATCH_NAMES and len(_EMPTY_ARRAY) < end - start <= len(reply) - start:
            return BatchPlace(name.decode(), cursor, start, end)
    return None


def without_batch(reply: Octets, place: BatchPlace) -> bytes:
    """Return the reply with an empty array in the place of its documents."""
    rest = bytearray().join([reply[: place.start], _EMPTY_ARRAY, reply[place.end :]])
    for document in (0, place.cursor):
        _INT32.pack_into(rest, document, _INT32.unpack_from(reply, document)[0] - (len(reply) - len(rest)))
    return bytes(rest)


def _elements(reply: Octets, document: int) -> Iterator[tuple[int, bytes, int, int]]:
    """Yield type, name, start and end of each value in the document that starts at ``document``."""
    last = document + _INT32.unpack_from(reply, document)[0] - 1
    place = document + 4
    while place < last:
        kind = reply[place]
        name, found, _ = bytes(reply[place + 1 : place + 1 + _LONGEST_NAME]).partition(b"\0")
        start = place + len(name) + 2
        place = element_end(reply, kind, start) if found else last
        yield kind, name, start, place
