"""The bytes of a journal segment: records that tell by themselves whether they are whole.

A record is the control character RS (U+001E), eight hexadecimal digits of length, eight of CRC-32, one JSON
array and a newline. JSON in ASCII holds no control character, so an RS is always the beginning of a record:
whatever is damaged, the next whole one is found. The CRC begins with the segment's own identity, so that a
block of another file never passes for a record of this one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from uuid import UUID
from zlib import crc32

from serve.auditing.entry import AuditEntry, storable

VERSION = 1
FIELDS = ("momento", "consulente", "recurso", "finalidade", "resultado", "requisicao_id", "titular", "sujeitos")
"""What each place of a record's array holds; ``momento`` is in microseconds since 1970, UTC."""

MAX_PAYLOAD_BYTES = 1 << 18
"""Longest record: a thousand persons take some 40 kB. A longer length can only be damage."""

_MARK = b"\x1e"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LENGTH, _CHECK, _PAYLOAD = slice(1, 9), slice(9, 17), 17
_FRAME_BYTES = _PAYLOAD + 1
_NEEDS_MORE = -1
_quote = json.encoder.encode_basestring_ascii


@dataclass(frozen=True, slots=True)
class Header:
    """What a segment begins with: its identity, the instant it was begun, and the header's own length."""

    id: UUID
    started: datetime
    size: int

    @property
    def seed(self) -> int:
        """Return what the CRC of the segment's records begins with."""
        return seed_of(self.id)


class Follows(Enum):
    """What comes after a piece of a segment, and so what a record that is not whole there means."""

    THE_WRITER = "somebody still writes: it is not whole yet, and is left for later"
    MORE = "there is more to read: it may go on beyond the piece"
    NOTHING = "nobody writes any more: it is damage, and left behind"


@dataclass(frozen=True, slots=True)
class Scan:
    """The whole records of a piece of a segment.

    ``size`` is how many bytes they and the damage among them take, ``damaged`` how many of these are damage, and
    ``tail`` how many bytes after the last whole record can belong to none.
    """

    payloads: list[bytes]
    size: int
    damaged: int
    tail: int


def seed_of(segment: UUID) -> int:
    """Return what the CRC of a segment's records begins with."""
    return crc32(segment.bytes)


def encode_header(segment: UUID, started: datetime) -> bytes:
    """Return the header's bytes."""
    return _frame(json.dumps([VERSION, str(segment), _microseconds(started), FIELDS]).encode(), 0)


def read_header(data: bytes) -> Header | None:
    """Return the header of a segment that begins with these bytes; None if it is not whole, or none of this form."""
    size = _whole(data, 0, 0)
    if size <= 0:
        return None
    try:
        version, segment, started, _ = json.loads(data[_PAYLOAD : size - 1])
        return Header(UUID(segment), _instant(int(started)), size) if version == VERSION else None
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def encode_entry(entry: AuditEntry, seed: int) -> bytes:
    """Return an entry's record; ValueError if it names more persons than one record can hold.

    Written out, the JSON takes a third of the time that `json.dumps` takes.
    """
    who, what, why = _json_text(entry.consulente), _json_text(entry.recurso), _json_text(entry.finalidade)
    request, titular = _json_text(entry.requisicao_id), "true" if entry.titular else "false"
    subjects = ",".join(map(_quote, entry.subjects))
    moment = _microseconds(entry.momento)
    text = f"[{moment},{who},{what},{why},{entry.resultado},{request},{titular},[{subjects}]]"
    if len(text) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"an audit record of {len(text)} bytes; {MAX_PAYLOAD_BYTES} are the most")
    return _frame(text.encode(), seed)


def _json_text(text: str) -> str:
    quoted = _quote(text)
    return quoted if "\\u" not in quoted else _quote(storable(text))


def first_instant(data: bytes) -> datetime | None:
    """Return the instant of the record that bytes begin with, even if they do not reach to its end; else None."""
    digits, _, _ = data[_PAYLOAD + 1 : _PAYLOAD + 21].partition(b",")
    try:
        return _instant(int(digits)) if data[:1] == _MARK and digits.isdigit() else None
    except OverflowError:  # damage: no instant is so far away
        return None


def scan(data: bytes, seed: int, follows: Follows) -> Scan:
    """Return the whole records of bytes that begin where a record does, or in the middle of damage."""
    payloads: list[bytes] = []
    at = end = damaged = 0
    while at < len(data):
        size = _whole(data, at, seed)
        if size > 0:
            payloads.append(data[at + _PAYLOAD : at + size - 1])
            damaged += at - end
            at += size
            end = at
        elif follows is Follows.THE_WRITER or (size == _NEEDS_MORE and follows is Follows.MORE):
            break
        else:
            at += _distance_to_mark(data, at)
    if follows is Follows.MORE:
        return Scan(payloads, at, damaged + at - end, 0)
    return Scan(payloads, end, damaged, at - end)


def _distance_to_mark(data: bytes, at: int) -> int:
    following = data.find(_MARK, at + 1)
    return (len(data) if following < 0 else following) - at


def _frame(payload: bytes, seed: int) -> bytes:
    return b"\x1e%08x%08x%b\n" % (len(payload), crc32(payload, seed), payload)


def _whole(data: bytes, at: int, seed: int) -> int:
    """Return the length of the whole record at a place, 0 if there is none, -1 if it reaches beyond the bytes."""
    if data[at : at + 1] != _MARK:
        return 0
    head = data[at : at + _PAYLOAD]
    if len(head) < _PAYLOAD:
        return _NEEDS_MORE
    try:
        length, check = int(head[_LENGTH], 16), int(head[_CHECK], 16)
    except ValueError:
        return 0
    if not 0 < length <= MAX_PAYLOAD_BYTES:
        return 0
    if at + _FRAME_BYTES + length > len(data):
        return _NEEDS_MORE
    payload = data[at + _PAYLOAD : at + _PAYLOAD + length]
    return _FRAME_BYTES + length if crc32(payload, seed) == check else 0


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
