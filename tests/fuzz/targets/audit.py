"""The audit's journal: segments that hold whatever a disk, a kill or a stranger left in them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from uuid import UUID
from zlib import crc32

from contracts.errors import EscoreError
from serve.auditing.backlog import lag_of, measure
from serve.auditing.journal_format import (
    Follows,
    encode_entry,
    encode_header,
    first_instant,
    read_header,
    scan,
    seed_of,
)
from serve.auditing.segment_reader import reading
from tests.audit_samples import MOMENT, entry
from tests.fuzz.target import Target, make_folder

_ID = UUID("019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f")
_HEADER = encode_header(_ID, MOMENT)
_WHOLE = encode_entry(entry(1), seed_of(_ID))


@cache
def _path() -> Path:
    return make_folder() / f"{_ID}.diario"


def _framed(payload: bytes, seed: int) -> bytes:
    return b"\x1e%08x%08x%b\n" % (len(payload), crc32(payload, seed), payload)


def _scan(data: bytes) -> None:
    """Look for records in any bytes: nothing is read twice or past the end, and a whole one after them is found."""
    for follows in Follows:
        found = scan(data, seed_of(_ID), follows)
        assert 0 <= found.damaged <= found.size <= len(data)
        assert found.size + found.tail <= len(data)
        assert sum(len(payload) + 18 for payload in found.payloads) == found.size - found.damaged
    followed = scan(data + _WHOLE, seed_of(_ID), Follows.NOTHING)
    begun = data.rfind(b"\x1e") >= 0
    assert begun or followed.payloads[-1] == _WHOLE[17:-1]
    first_instant(data)


def _read_header(data: bytes) -> None:
    """Read any payload as a header whose checksum is right, and any bytes as a header."""
    read_header(data)
    found = read_header(_framed(data, 0)) if 0 < len(data) < 1 << 18 else None
    assert found is None or found.size == len(data) + 18


def _read_segment(data: bytes) -> None:
    """Read a file as those do that ship it and that measure what waits."""
    _path().write_bytes(data)
    lag_of(measure(_path().parent, {}))
    with reading(_path()) as segment:
        offset = steps = 0
        while segment.header is not None:
            piece = segment.read(offset)
            if piece.is_empty:
                break
            assert offset < piece.end <= len(data)
            offset, steps = piece.end, steps + 1
            assert steps <= len(data)


_PAYLOADS = (
    json.dumps([1, str(_ID), 1_767_323_045_678_901, ["momento"]]).encode(),
    json.dumps([2, "x", 1, []]).encode(),
)

TARGETS = (
    Target(
        "audit/records",
        "the records of a journal's segment",
        ("serve.auditing.journal_format:_whole", "serve.auditing.journal_format:first_instant"),
        lambda: [_WHOLE, _WHOLE * 3, _HEADER + _WHOLE, b"\x1e" + b"f" * 40],
        _scan,
        (EscoreError,),
        tokens=(b"\x1e", b"00000010", _WHOLE, b"\n", b"[99999999999999999999,"),
        regressions=(b"\x1e0000001000000000[" + b"9" * 25 + b",1",),
    ),
    Target(
        "audit/header",
        "the header of a journal's segment",
        ("serve.auditing.journal_format:read_header",),
        lambda: [*_PAYLOADS, _HEADER],
        _read_header,
        (EscoreError,),
        regressions=(
            b"0",
            b"{",
            b"[1]",
            b'[1,"x",1,[]]',
            b'[1,"%b","9",[]]' % str(_ID).encode(),
            b"\xff",
        ),
    ),
    Target(
        "audit/segment",
        "a journal's segment, as it is measured and shipped",
        ("serve.auditing.segment_reader:reading",),
        lambda: [
            _HEADER + _WHOLE * 2,
            _HEADER,
            _HEADER + b"\x1e0000001000000000[" + b"9" * 25 + b",",
            *(_framed(payload, 0) + _WHOLE for payload in _PAYLOADS),
        ],
        _read_segment,
        (EscoreError,),
        tokens=(b"\x1e", _WHOLE, b"[99999999999999999999,"),
    ),
)
