"""Scores as Redis records: Arrow columns in, matrices of bytes out, with no Python object a row.

Each record is a row of a uint8 matrix in the layout of `serve.published.key_layout`. The keyed hash is the one step
that visits values singly (0.4 µs each).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.cpf_number import CPF_LENGTH
from contracts.errors import DataIntegrityError
from contracts.score_terms import MAX_REASONS, Status
from serve.published.key_layout import (
    BANDS,
    FLAG_BAND_SHIFT,
    FLAG_INSUFFICIENT,
    FLAG_TEXT_ID,
    MASK_PAD_BYTES,
    MASKED_DIGITS,
)
from serve.published.person_hash import BUCKET_BYTES, DIGEST_BYTES, FIELD_BYTES, PAD_BYTES, PersonHash
from serve.publishing.byte_pieces import Bytes2D

_RECORD = np.dtype(
    [
        ("score", "<i2"),
        ("probability", "<f4"),
        ("flags", "u1"),
        ("codes", "u1", (MAX_REASONS,)),
        ("points", "<i2", (MAX_REASONS,)),
    ]
)
_FLAGS_AT = 6
_HASHES_AT_ONCE = 500
"""Some 0.2 ms; the interpreter alone would change threads after 5 ms."""

_UUID_LENGTH = 36
_DASHES = np.array([8, 13, 18, 23])
_DIGITS = np.setdiff1d(np.arange(_UUID_LENGTH), _DASHES)
_PAD_LENGTH = PAD_BYTES.stop - PAD_BYTES.start
_NOT_HEX = 0xFF
_NIBBLES = np.full(256, _NOT_HEX, dtype=np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Entries:
    """Rows to be written to one kind of bucket, all values of one width.

    ``places`` (n,) uint32 chooses the bucket (modulo their number), ``fields`` is (n, 8), ``values`` (n, width).
    """

    places: npt.NDArray[np.uint32]
    fields: Bytes2D
    values: Bytes2D


def encode_records(scores: pa.Table, codes: Sequence[str]) -> Bytes2D:
    """Return the 19-byte records, (n, 19), of a table of SCORES_SCHEMA.

    DataIntegrityError if a reason's code is not among ``codes`` or a row has too many reasons.
    """
    motives = _one_array(scores["motivos"])
    lengths = np.asarray(pc.list_value_length(motives)).astype(np.int64)
    insufficient = np.asarray(pc.equal(_one_array(scores["status"]), Status.INSUFFICIENT_DATA.value))
    bands = pc.index_in(_one_array(scores["faixa"]), value_set=pa.array([band.value for band in BANDS]))
    if len(lengths) and lengths.max() > MAX_REASONS:
        raise DataIntegrityError(f"a score has more than {MAX_REASONS} reasons")
    if pc.any(pc.xor(pc.is_null(bands), pa.array(insufficient))).as_py():
        raise DataIntegrityError("a score has no band, or an unknown one")
    records = np.zeros(len(scores), dtype=_RECORD)
    records["score"] = np.asarray(pc.fill_null(_one_array(scores["score"]), 0))
    records["probability"] = np.asarray(pc.fill_null(_one_array(scores["probabilidade"]), 0))
    bands_number = np.asarray(pc.fill_null(bands, 0)).astype(np.uint8)
    records["flags"] = lengths | bands_number << FLAG_BAND_SHIFT | np.where(insufficient, FLAG_INSUFFICIENT, 0)
    _fill_reasons(records, pc.list_flatten(motives), lengths, codes)
    return records.view(np.uint8).reshape(len(scores), _RECORD.itemsize)


def _fill_reasons(
    records: npt.NDArray[np.void], items: pa.StructArray, lengths: npt.NDArray[np.int64], codes: Sequence[str]
) -> None:
    numbers = pc.index_in(items.field("codigo"), value_set=pa.array(codes, pa.string()))
    if numbers.null_count or len(codes) > 256:
        raise DataIntegrityError("a reason's code has no text in the model, or the model has more than 256 codes")
    rows = np.repeat(np.arange(len(lengths)), lengths)
    positions = np.arange(len(items)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    records["codes"][rows, positions] = np.asarray(numbers)
    records["points"][rows, positions] = np.asarray(items.field("pontos"))


def entries_by_client(scores: pa.Table, records: Bytes2D, hashes: PersonHash) -> Entries:
    """Return the rows by consumer id: the record and the six masked digits of the CPF, sealed."""
    digests = _digests(hashes.of_clients, scores["cliente_id"])
    digits = fixed_width(scores["cpf"], CPF_LENGTH)[:, MASKED_DIGITS].astype(np.uint32) - ord("0")
    middle = (digits @ 10 ** np.arange(5, -1, -1, dtype=np.uint32)).astype("<u4")
    sealed = middle.view(np.uint8).reshape(-1, 4)[:, :MASK_PAD_BYTES] ^ digests[:, PAD_BYTES][:, :MASK_PAD_BYTES]
    return _entries(digests, np.hstack([records, sealed]))


def entries_by_cpf(scores: pa.Table, records: Bytes2D, hashes: PersonHash) -> Iterator[Entries]:
    """Yield the rows by CPF: the record and the consumer id, sealed; one part for each width of id."""
    digests = _digests(hashes.of_cpfs, scores["cpf"])
    ids = _one_array(scores["cliente_id"])
    lengths = np.asarray(pc.binary_length(ids))
    for length in np.unique(lengths):
        if length > _PAD_LENGTH:
            raise DataIntegrityError(f"a cliente_id is longer than {_PAD_LENGTH} bytes")
        same = np.flatnonzero(lengths == length)
        texts = fixed_width(ids if len(same) == len(ids) else ids.take(pa.array(same)), int(length))
        packed, is_uuid = _pack_uuids(texts)
        for chosen, plain, flag in ((is_uuid, packed, 0), (~is_uuid, texts, FLAG_TEXT_ID)):
            if chosen.any():
                yield _sealed(records, digests, same[chosen], plain=plain[chosen], flag=flag)


def _sealed(records: Bytes2D, digests: Bytes2D, rows: npt.NDArray[np.int64], *, plain: Bytes2D, flag: int) -> Entries:
    """Return the entries by CPF of some rows, whose ids are ``plain``."""
    kept, chosen = records[rows], digests[rows]
    kept[:, _FLAGS_AT] |= flag
    return _entries(chosen, np.hstack([kept, plain ^ chosen[:, PAD_BYTES][:, : plain.shape[1]]]))


def _pack_uuids(texts: Bytes2D) -> tuple[Bytes2D, npt.NDArray[np.bool_]]:
    """Return the 16 bytes of each UUID in lower case, and which rows are one; the bytes of others mean nothing."""
    if texts.shape[1] != _UUID_LENGTH:
        return texts, np.zeros(len(texts), dtype=bool)
    nibbles = _NIBBLES.take(texts.take(_DIGITS, axis=1))
    is_uuid = (nibbles != _NOT_HEX).all(axis=1) & (texts.take(_DASHES, axis=1) == ord("-")).all(axis=1)
    packed: Bytes2D = nibbles[:, 0::2] << np.uint8(4) | nibbles[:, 1::2]
    return packed, is_uuid


def _entries(digests: Bytes2D, values: Bytes2D) -> Entries:
    places = np.ascontiguousarray(digests[:, BUCKET_BYTES]).view("<u4").reshape(-1)
    return Entries(places, np.ascontiguousarray(digests[:, FIELD_BYTES]), values)


def _digests(hash_many: Callable[[Iterable[bytes]], bytes], column: pa.ChunkedArray) -> Bytes2D:
    texts: list[bytes] = column.cast(pa.binary()).to_pylist()
    parts = []
    for start in range(0, len(texts), _HASHES_AT_ONCE):
        parts.append(hash_many(texts[start : start + _HASHES_AT_ONCE]))
        time.sleep(0)  # lets a thread go on that needs the interpreter for a moment, to feed a store
    return np.frombuffer(b"".join(parts), dtype=np.uint8).reshape(-1, DIGEST_BYTES)


def fixed_width(column: pa.Array | pa.ChunkedArray, width: int) -> Bytes2D:
    """Return a text column as a matrix, (n, width); DataIntegrityError if a value is of another length."""
    try:
        fixed = _one_array(column).cast(pa.binary()).cast(pa.binary(width))
    except pa.ArrowInvalid:
        raise DataIntegrityError(f"a value is not {width} bytes long") from None
    start = fixed.offset * width
    data = np.frombuffer(fixed.buffers()[1], dtype=np.uint8)[start : start + len(fixed) * width]
    return data.reshape(len(fixed), width)


def _one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
