"""Identifiers of runs: UUIDs of version 7 (RFC 9562), which sort by the moment they were made."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

_VERSION = 7 << 76
_VARIANT = 0b10 << 62


def new_run_id(now: datetime) -> UUID:
    """Return a fresh UUIDv7 for an aware moment.

    >>> from datetime import UTC
    >>> made = new_run_id(datetime(2025, 6, 30, tzinfo=UTC))
    >>> made.version, made.variant, made.hex[:12]
    (7, 'specified in RFC 4122', '0197be222c00')
    """
    milliseconds = int(now.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | _VERSION | secrets.randbits(12) << 64 | _VARIANT | secrets.randbits(62))
