"""The identifier of a request: a UUID of version 7 (RFC 9562), whose text sorts by time."""

from __future__ import annotations

import os
import time

_BLOCK_BYTES = 4_096
_DIGITS = 19
"""Random hexadecimal digits of an identifier; two bits of one of them are the variant's."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class RequestIds:
    """Makes identifiers; takes the system's random bytes in blocks, and a new block in a process that was forked."""

    def __init__(self) -> None:
        self._millisecond = 0
        self._prefix = ""
        self._digits = ""
        self._next = 0
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def make(self) -> str:
        """Return a new identifier's text: 48 bits of milliseconds, 74 random bits.

        >>> from uuid import UUID
        >>> identifier = UUID(RequestIds().make())
        >>> identifier.version, identifier.variant
        (7, 'specified in RFC 4122')
        """
        millisecond = int(time.time() * 1000)
        if millisecond != self._millisecond:
            instant = f"{millisecond:012x}"
            self._millisecond, self._prefix = millisecond, f"{instant[:8]}-{instant[8:]}-7"
        start = self._next
        self._next = end = start + _DIGITS
        digits = self._digits[start:end]
        if len(digits) < _DIGITS:
            self._digits = os.urandom(_BLOCK_BYTES).hex()
            digits, self._next = self._digits[:_DIGITS], _DIGITS
        return f"{self._prefix}{digits[:3]}-{_VARIANT[digits[3]]}{digits[4:7]}-{digits[7:]}"

    def _forget(self) -> None:
        self._digits, self._next = "", 0
