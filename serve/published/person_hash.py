"""Keyed hashes of CPFs and consumer ids: how a person is named in Redis and in the audit, never in clear.

Keyed BLAKE2b (RFC 7693): without the key the 10^11 possible CPFs cannot be tried one by one. One digest of
48 bytes holds everything that the Redis layout needs: 4 bytes choose the bucket, 8 are the field and 36
are a one-time pad for what the record must give back (an id, or the digits of a masked CPF).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

DIGEST_BYTES = 48
BUCKET_BYTES = slice(0, 4)
FIELD_BYTES = slice(4, 12)
PAD_BYTES = slice(12, 48)

_SUBJECT_BYTES = 16


class PersonHash:
    """Names persons by one secret key, by CPF or by consumer id; the two never collide."""

    def __init__(self, key: bytes) -> None:
        secret = hashlib.blake2b(key, digest_size=32, person=b"escore-chave").digest()
        self._by_cpf = hashlib.blake2b(digest_size=DIGEST_BYTES, key=secret, person=b"escore-cpf")
        self._by_client = hashlib.blake2b(digest_size=DIGEST_BYTES, key=secret, person=b"escore-cliente")
        self._subject = hashlib.blake2b(digest_size=_SUBJECT_BYTES, key=secret, person=b"escore-sujeito")

    def of_cpf(self, cpf: str) -> bytes:
        """Return the 48-byte digest of a CPF of eleven digits."""
        return _digest(self._by_cpf, cpf)

    def of_client(self, client_id: str) -> bytes:
        """Return the 48-byte digest of a consumer id."""
        return _digest(self._by_client, client_id)

    def of_cpfs(self, cpfs: Iterable[bytes]) -> bytes:
        """Return the digests of many CPFs in UTF-8, one after the other."""
        return _digests(self._by_cpf, cpfs)

    def of_clients(self, client_ids: Iterable[bytes]) -> bytes:
        """Return the digests of many consumer ids in UTF-8, one after the other."""
        return _digests(self._by_client, client_ids)

    def subject_by_cpf(self, cpf: str) -> str:
        """Return how the audit names a person known by CPF."""
        return "cpf:" + _digest(self._subject, "cpf:" + cpf).hex()

    def subject_by_client(self, client_id: str) -> str:
        """Return how the audit names a person known by consumer id."""
        return "cliente:" + _digest(self._subject, "cliente:" + client_id).hex()


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Return 32 bytes that serve one purpose alone, derived from a longer-lived secret."""
    return hashlib.blake2b(secret, digest_size=32, person=purpose.encode()[: hashlib.blake2b.PERSON_SIZE]).digest()


def _digest(start: hashlib.blake2b, text: str) -> bytes:
    state = start.copy()
    state.update(text.encode())
    return state.digest()


def _digests(start: hashlib.blake2b, texts: Iterable[bytes]) -> bytes:
    """Return many digests joined; the loop is bare because it runs twice for every consumer of a run."""
    copy = start.copy
    digests = []
    for text in texts:
        state = copy()
        state.update(text)
        digests.append(state.digest())
    return b"".join(digests)
