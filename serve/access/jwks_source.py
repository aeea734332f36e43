"""Where the keys come from, and how old they may grow: a file or a URL of the tokens' issuer.

``at_hand`` never waits: it is asked with every request and starts a refresh in the background when one is due.
A set that was fetched serves until a newer one arrives, be that one empty: so an issuer revokes everything. If
refreshes fail the last good one stays, for a day; a process that nobody called for a while asks anew before it
trusts what it has. A token whose key is unknown asks for a refresh too, at most one every few seconds whoever
asks however often.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serve.access.jwks import KeySet, KeySetError, parse_key_set
from serve.access.refusals import keys_unavailable

LOGGER = logging.getLogger("escore.api")
MAX_BODY_BYTES = 256 * 1024
MAX_STALE_SECONDS = 24 * 3600.0
"""How long a set may serve although every refresh since has failed."""
TRUST_SECONDS = 20.0
"""How long a set serves at least although a refresh is slow to end: a file's is due every second."""


class FetchError(Exception):
    """The issuer's keys could not be fetched; the text names no address."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often keys are asked for, in seconds."""

    every: float
    """Between refreshes that succeed."""
    retry: float
    """After a refresh that failed."""
    cool_down: float
    """Between refreshes because of unknown keys, and after one that failed while there are no keys at all."""
    patience: float = 1.0
    """The longest that a request waits for a refresh, which goes on without it."""

    @property
    def trust(self) -> float:
        """Return how long a set serves without having been asked for anew."""
        return max(2 * self.every, TRUST_SECONDS)


URL_PACE = Pace(every=600.0, retry=30.0, cool_down=10.0)
FILE_PACE = Pace(every=1.0, retry=1.0, cool_down=1.0)


class Fetch(Protocol):
    """Reads the document that holds the keys."""

    async def __call__(self) -> bytes:
        """Return the document; FetchError if it cannot be read."""


class KeySource:
    """The current key set of one issuer, in one event loop."""

    def __init__(self, fetch: Fetch, pace: Pace, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._pace = pace
        self._monotonic = monotonic
        self._current: KeySet | None = None
        self._document: bytes | None = None
        self._fetched_at = self._attempted_at = self._due = self._trusted_until = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    def at_hand(self) -> KeySet | None:
        """Return the set to verify with now, without waiting; None if ``load`` must be awaited."""
        now = self._monotonic()
        if now >= self._due:
            self._take_off(now)
        return self._current if now < self._trusted_until else None

    async def load(self) -> KeySet:
        """Return the set to verify with, fetched first if need be; a 503 if there is none to be had."""
        keys = self.at_hand()
        if keys is None:
            await self._wait()
            keys = self.at_hand()
        if keys is None:
            raise keys_unavailable(self._due - self._monotonic())
        return keys

    async def load_anew(self) -> KeySet:
        """Return the set after a refresh that an unknown key asks for, unless the last attempt was just now."""
        if self._flight is None and self._monotonic() >= self._attempted_at + self._pace.cool_down:
            self._take_off(self._monotonic())
        await self._wait()
        return await self.load()

    def put(self, body: bytes) -> None:
        """Take the set of a document into use; KeySetError leaves everything as it was."""
        if body != self._document:
            keys = parse_key_set(body, may_be_empty=self._current is not None)
            for reason in keys.left_aside:
                LOGGER.info("JWKS: left aside: %s", reason)
            if not keys.keys:
                LOGGER.warning("JWKS: the issuer withdrew every key; no token is accepted")
            self._current, self._document = keys, body
        now = self._monotonic()
        self._fetched_at = now
        self._due = now + self._pace.every
        self._trusted_until = now + self._pace.trust

    async def close(self) -> None:
        """Stop a refresh that is on its way."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait({self._flight})

    async def _wait(self) -> None:
        if self._flight is not None:
            await asyncio.wait({self._flight}, timeout=self._pace.patience)

    def _take_off(self, now: float) -> None:
        """Start a refresh; until it ends no other starts."""
        if self._flight is None:
            self._attempted_at = now
            self._flight = asyncio.get_running_loop().create_task(self._refresh(), name="escore-jwks")

    async def _refresh(self) -> None:
        try:
            self.put(await self._fetch())
        except (FetchError, KeySetError) as error:
            self._endure(self._monotonic())
            LOGGER.warning("JWKS: not refreshed, the last good set stays: %s", error)
        finally:
            self._flight = None

    def _endure(self, now: float) -> None:
        """Go on with the last good set, while it is not too old."""
        self._due = now + (self._pace.cool_down if self._current is None else self._pace.retry)
        self._trusted_until = min(now + self._pace.trust, self._fetched_at + MAX_STALE_SECONDS)


class FileFetch:
    """Reads a JWKS file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __call__(self) -> bytes:
        """Return the file's bytes; FetchError if it cannot be read."""
        return await asyncio.to_thread(self.read)

    def read(self) -> bytes:
        """Return the same from the calling thread."""
        try:
            with self._path.open("rb") as file:
                body = file.read(MAX_BODY_BYTES + 1)
        except OSError as error:
            raise FetchError(f"the file cannot be read ({error.strerror})") from None
        if len(body) > MAX_BODY_BYTES:
            raise FetchError(f"the file is longer than {MAX_BODY_BYTES} bytes")
        return body
