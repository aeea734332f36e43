"""Keyed hashes of CPFs and consumer ids: how a person is named in Redis and in the audit, never in clear.

Keyed BLAKE2b (RFC 7693): without the key the 10^11 possible CPFs cannot be tried one by one. One digest of
48 bytes holds everything that the Redis layout needs: 4 bytes choose the bucket, 8 are the field and 36
are a one-time pad for what the record must give back (an id, or the digits of a masked CPF).

An installation may know several keys: the current one, earlier ones by which persons are still named somewhere, and
the next. Each has a public id, which lies beside what the key named: names are looked up under the key they are of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence

from contracts.errors import SettingsError
from contracts.settings import PREFIX, Settings

DIGEST_BYTES = 48
BUCKET_BYTES = slice(0, 4)
FIELD_BYTES = slice(4, 12)
PAD_BYTES = slice(12, 48)

KEY_ID_CHARACTERS = 9
"""Of a key's id: the letter `k`, which no name without an id begins with, and four bytes of a hash."""

MARK_CHARACTERS = KEY_ID_CHARACTERS + 1
"""The id and a colon, with which a name begins."""

_SUBJECT_BYTES = 16


class PersonHash:
    """Names persons by one secret key, by CPF or by consumer id; the two never collide.

    ``earlier`` (the newest first) and ``next_key`` are other keys by which persons are named somewhere: all in
    ``known``, from the newest to the oldest.
    """

    def __init__(self, key: bytes, *, next_key: bytes | None = None, earlier: Sequence[bytes] = ()) -> None:
        secret = hashlib.blake2b(key, digest_size=32, person=b"escore-chave").digest()
        self.secret = key
        self._by_cpf = hashlib.blake2b(digest_size=DIGEST_BYTES, key=secret, person=b"escore-cpf")
        self._by_client = hashlib.blake2b(digest_size=DIGEST_BYTES, key=secret, person=b"escore-cliente")
        self._subject = hashlib.blake2b(digest_size=_SUBJECT_BYTES, key=secret, person=b"escore-sujeito")
        self.key_id = "k" + hashlib.blake2b(digest_size=4, key=secret, person=b"escore-id-chave").hexdigest()
        self._cpf_mark, self._client_mark = f"{self.key_id}:cpf:", f"{self.key_id}:cliente:"
        newer = [] if next_key is None or next_key == key else [PersonHash(next_key)]
        older = [PersonHash(other) for other in dict.fromkeys(earlier) if other not in (key, next_key)]
        self.known: tuple[PersonHash, ...] = (*newer, self, *older)
        self._by_id = {names.key_id: names for names in reversed(self.known)}

    @classmethod
    def from_settings(cls, settings: Settings) -> PersonHash:
        """Return the names of an installation; SettingsError if its current key is not set."""
        next_key = settings.cache_key_next
        return cls(
            settings.secret("cache_key").encode(),
            next_key=None if next_key is None else next_key.get_secret_value().encode(),
            earlier=[key.encode() for key in settings.earlier_cache_keys],
        )

    @property
    def newest(self) -> PersonHash:
        """Return the names under the newest key: the next one while it is known, else the current one."""
        return self.known[0]

    @property
    def oldest(self) -> PersonHash:
        """Return the names under the oldest known key, of which everything is that bears no key's id."""
        return self.known[-1]

    @property
    def others(self) -> tuple[PersonHash, ...]:
        """Return the names under the known keys that are not the current one."""
        return tuple(names for names in self.known if names is not self)

    def under(self, key_id: str | None) -> PersonHash:
        """Return the names under the key of an id, None being the oldest; SettingsError for a key not known here."""
        if key_id is None:
            return self.oldest
        if (names := self._by_id.get(key_id)) is None:
            raise unknown_keys({key_id})
        return names

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes derived from this key that serve one purpose alone."""
        return derive_key(self.secret, purpose)

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
        """Return how audit and list of erased persons name a person known by CPF, the key's id first."""
        return self._cpf_mark + _digest(self._subject, "cpf:" + cpf).hex()

    def subject_by_client(self, client_id: str) -> str:
        """Return how audit and list of erased persons name a person known by consumer id, the key's id first."""
        return self._client_mark + _digest(self._subject, "cliente:" + client_id).hex()

    def unmarked_by_cpf(self, cpf: str) -> str:
        """Return the name by CPF as it was written before names bore a key's id."""
        return self.subject_by_cpf(cpf)[MARK_CHARACTERS:]

    def unmarked_by_client(self, client_id: str) -> str:
        """Return the name by consumer id as it was written before names bore a key's id."""
        return self.subject_by_client(client_id)[MARK_CHARACTERS:]

    def all_by_cpf(self, cpf: str) -> tuple[str, ...]:
        """Return every name that a person known by CPF may have been given, the newest key's first."""
        return tuple(name for one in self.known for name in (one.subject_by_cpf(cpf), one.unmarked_by_cpf(cpf)))

    def all_by_client(self, client_id: str) -> tuple[str, ...]:
        """Return every name that a person known by consumer id may have been given, the newest key's first."""
        return tuple(
            name for one in self.known for name in (one.subject_by_client(client_id), one.unmarked_by_client(client_id))
        )

    def check_known(self, key_ids: Iterable[str | None]) -> None:
        """Raise SettingsError, naming them by their ids, if names are under keys that are not known here."""
        unknown = {key_id for key_id in key_ids if key_id is not None and key_id not in self._by_id}
        if unknown:
            raise unknown_keys(unknown)


def key_id_of(name: str) -> str | None:
    """Return the id of the key that a subject's name is under; None for one written before names bore it.

    >>> key_id_of("k1f0c22ab:cpf:00ff"), key_id_of("cpf:00ff")
    ('k1f0c22ab', None)
    """
    return name[:KEY_ID_CHARACTERS] if name.startswith("k") else None


def unknown_keys(key_ids: Collection[str]) -> SettingsError:
    """Return the error of names under keys that are not known here."""
    listed = ", ".join(sorted(key_ids))
    return SettingsError(
        [f"{PREFIX}CACHE_KEYS_EARLIER: persons are named under {listed}, which is none of the keys known here: add it"]
    )


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
