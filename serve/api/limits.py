"""What one caller can make the process hold or wait for: sizes, counts and times of a request."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.settings import Settings

BODY_BYTES = 65_536
"""The body of any request; 1,000 CPFs with punctuation take 18,000."""
SPARE_SECONDS = 0.75
"""What a request may take beside one wait for Redis and one for another store: queues, token, audit, the answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the HTTP server; times in seconds, sizes in bytes."""

    head_bytes: int = 16_384
    """Request line and header fields together; a token of ours takes 700 bytes, one of a large issuer 4,000."""
    url_bytes: int = 8_192
    """Two filters of 200 characters, each twelve bytes when escaped, take 4,800."""
    fields: int = 64
    """Header fields of a request; browsers and proxies send about 20."""
    head_seconds: float = 10.0
    """From the first byte of a request, or the connection's beginning, to the end of its header fields."""
    body_seconds: float = 10.0
    """From the end of the header fields to the end of the body."""
    idle_seconds: float = 65.0
    """A connection without a request; longer than load balancers keep theirs (60), so that they close first."""
    request_seconds: float = 3.0
    """From the end of the header fields to the beginning of the answer."""
    connections: int = 1_024
    """At once; one more is answered 503, and twice as many are cut off unanswered."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Limits:
        """Return the limits of an installation: one wait for Redis and one for another store, and time to spare."""
        waits = settings.cache_timeout_seconds + settings.api_timeout_seconds
        return cls(request_seconds=waits + SPARE_SECONDS)
