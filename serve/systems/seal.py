"""Encryption of what a cache keeps: a text opens only under the key that it was closed for, for a limited time."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken

from serve.api.clock import Clock
from serve.published.person_hash import derive_key


class Seal:
    """Makes texts unreadable in the cache, and tells those that it did not make for this key, or makes no more."""

    def __init__(self, secret: bytes, *, purpose: str, seconds: int, clock: Clock) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(derive_key(secret, purpose)))
        self._clock = clock
        self.seconds = seconds

    def close(self, key: str, text: bytes) -> bytes:
        """Return the text, bound to the key, encrypted."""
        return self._fernet.encrypt_at_time(key.encode() + text, self._now())

    def open(self, key: str, sealed: bytes) -> bytes | None:
        """Return the text; None if it is not one of ours, not of this key, or older than ``seconds``."""
        try:
            opened = self._fernet.decrypt_at_time(sealed, self.seconds, self._now())
        except InvalidToken:
            return None
        bound = key.encode()
        return opened[len(bound) :] if opened.startswith(bound) else None

    def _now(self) -> int:
        return int(self._clock().timestamp())
