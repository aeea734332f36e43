"""The one Redis layout of published scores, for the writer and the readers: keys, buckets and packed records.

A *generation* is one run's scores. The pointer `escore:vigente` names the run in force and the one before
it; a generation's keys start with eight characters derived from its run, and from a mark where the run's scores were
written anew beside what readers had: the pointer gives it after the run's name. Scores lie in hashes of some
64 fields, small enough for Redis's compact list encoding, twice: by consumer id and by CPF, so that either
question is one round trip. A field is 8 bytes of a keyed hash; what could identify a person (id, digits of
the masked CPF) is under a pad of the same hash, so Redis holds neither in clear.
Why so, with figures: docs/decisions/0005-redis-layout.md.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from contracts.score_terms import BAND_UPPER_SCORES, MAX_REASONS, SCORE_MAX, SCORE_MIN, Band, Status
from serve.published.person_hash import BUCKET_BYTES, FIELD_BYTES, PAD_BYTES

POINTER_KEY = "escore:vigente"
BUCKET_ENTRIES = 64
"""Consumers a bucket aims at; Redis keeps up to 128 (Valkey: 512) in the compact encoding, so growth has room."""

MAX_BUCKETS = 16**6
"""Buckets are numbered in six hexadecimal digits; 16.7 million of 64 hold a billion consumers."""

RECORD = struct.Struct(f"<hfB{MAX_REASONS}B{MAX_REASONS}h")
"""score (int16), probability (float32), flags, reason numbers (uint8), points (int16): 19 bytes."""

_FLAGS_BYTE = struct.calcsize("<hf")
_NUMBERS = 3
"""Where a record's reason numbers begin, after score, probability and flags."""

MASK_PAD_BYTES = 3
MASKED_DIGITS = slice(3, 9)
_MASKED_LENGTH = 6
_UUID_BYTES = 16
FLAG_REASONS = 0b0000_0111
FLAG_INSUFFICIENT = 0b0000_1000
FLAG_BAND_SHIFT = 4
FLAG_TEXT_ID = 0b0100_0000
BANDS: tuple[Band, ...] = tuple(band for band, _ in BAND_UPPER_SCORES)


@dataclass(frozen=True, slots=True)
class Pointer:
    """The run in force and the one before it, as the pointer key holds them, with their generations' marks."""

    current: UUID
    previous: UUID | None
    current_mark: str = ""
    previous_mark: str = ""

    def encode(self) -> bytes:
        """Return the pointer key's value."""
        names = [generation_text(self.current, self.current_mark)]
        if self.previous is not None:
            names.append(generation_text(self.previous, self.previous_mark))
        return " ".join(names).encode()

    @classmethod
    def decode(cls, value: bytes) -> Pointer:
        """Return the pointer that ``encode`` wrote; ValueError if it is none."""
        names = [parse_generation(text) for text in value.decode().split()]
        if not 1 <= len(names) <= 2:
            raise ValueError("not one or two runs")
        current, *rest = names
        previous, previous_mark = rest[0] if rest else (None, "")
        return cls(current[0], previous, current[1], previous_mark)

    def mark_of(self, run_id: UUID) -> str:
        """Return the mark of a run's generation; empty for a run that the pointer does not name."""
        if run_id == self.current:
            return self.current_mark
        return self.previous_mark if run_id == self.previous else ""


class PackedScore(NamedTuple):
    """One score as a record holds it; reasons as (number in the generation's list of codes, points)."""

    score: int | None
    probability: float | None
    band: Band | None
    status: Status
    reasons: tuple[tuple[int, int], ...]


def generation_text(run_id: UUID, mark: str = "") -> str:
    """Return how the pointer and the list of generations name one.

    >>> generation_text(UUID(int=1), "k1f0c22ab")
    '00000000000000000000000000000001.k1f0c22ab'
    """
    return f"{run_id.hex}.{mark}" if mark else run_id.hex


def parse_generation(text: str) -> tuple[UUID, str]:
    """Return run and mark of a name that ``generation_text`` made."""
    run, _, mark = text.partition(".")
    return UUID(hex=run), mark


def generation_of(run_id: UUID, mark: str = "") -> str:
    """Return the eight characters that begin a generation's keys (48 bits of a hash of run and mark)."""
    digest = hashlib.blake2b(run_id.bytes + mark.encode(), digest_size=6, person=b"escore-geracao").digest()
    return base64.urlsafe_b64encode(digest).decode()


def key_prefix(run_id: UUID, mark: str = "") -> str:
    """Return the prefix of every key of a generation."""
    return f"escore:{generation_of(run_id, mark)}:"


def info_key(run_id: UUID, mark: str = "") -> str:
    """Return the key of the generation's description (JSON: run, model, texts, bucket count, id of the key)."""
    return key_prefix(run_id, mark) + "info"


def client_prefix(run_id: UUID, mark: str = "") -> str:
    """Return the prefix of the buckets by consumer id; six hexadecimal digits follow."""
    return key_prefix(run_id, mark) + "i:"


def cpf_prefix(run_id: UUID, mark: str = "") -> str:
    """Return the prefix of the buckets by CPF; six hexadecimal digits follow."""
    return key_prefix(run_id, mark) + "p:"


def bucket_count(consumers: int) -> int:
    """Return how many buckets a generation of about so many consumers gets.

    >>> bucket_count(0), bucket_count(100_000)
    (1, 1563)
    """
    return min(MAX_BUCKETS, max(1, -(-consumers // BUCKET_ENTRIES)))


def locate(digest: bytes, prefix: str, buckets: int) -> tuple[str, bytes]:
    """Return the bucket key and the field under which a person's record lies."""
    number = int.from_bytes(digest[BUCKET_BYTES], "little") % buckets
    return f"{prefix}{number:06x}", digest[FIELD_BYTES]


def read_record(value: bytes) -> PackedScore:
    """Return the score that a record of either kind begins with; ValueError or struct.error if none does."""
    record = RECORD.unpack_from(value)
    flags: int = record[2]
    if flags & FLAG_INSUFFICIENT:
        return PackedScore(None, None, None, Status.INSUFFICIENT_DATA, ())
    if not (SCORE_MIN <= record[0] <= SCORE_MAX and 0.0 <= record[1] <= 1.0):
        raise ValueError("a score or a probability that no model gives")
    last = _NUMBERS + (flags & FLAG_REASONS)
    reasons = tuple(zip(record[_NUMBERS:last], record[_NUMBERS + MAX_REASONS : last + MAX_REASONS], strict=True))
    return PackedScore(record[0], record[1], BANDS[flags >> FLAG_BAND_SHIFT & 0b11], Status.OK, reasons)


def read_masked_digits(value: bytes, digest: bytes) -> str:
    """Return the six middle digits of the CPF from a record by consumer id, given the id's digest; or ValueError."""
    sealed = int.from_bytes(value[RECORD.size : RECORD.size + MASK_PAD_BYTES], "little")
    pad = int.from_bytes(digest[PAD_BYTES][:MASK_PAD_BYTES], "little")
    digits = f"{sealed ^ pad:06d}"
    if len(digits) != _MASKED_LENGTH:
        raise ValueError("more than six digits")
    return digits


def read_client_id(value: bytes, digest: bytes) -> str:
    """Return the consumer id from a record by CPF, given the CPF's digest; ValueError if it holds none."""
    sealed = value[RECORD.size :]
    pad = digest[PAD_BYTES][: len(sealed)]
    plain = int.from_bytes(sealed, "big") ^ int.from_bytes(pad, "big")
    if value[_FLAGS_BYTE] & FLAG_TEXT_ID:
        return plain.to_bytes(len(pad), "big").decode()
    digits = f"{plain:032x}"
    if len(sealed) != _UUID_BYTES:
        raise ValueError("not the bytes of a UUID")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
