"""Scores read from Redis: one round trip for one consumer or for a thousand, always from one whole generation.

The pointer is read *after* the records, in the same pipeline: if it still names the generation that was
read, that generation was in force and untouched; if not, the read is repeated with the one it names. So a
reader need not know of a switch beforehand, and never mixes two runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from contracts.errors import StoreUnavailableError
from contracts.score_terms import Reason
from serve.published.key_layout import (
    POINTER_KEY,
    Pointer,
    client_prefix,
    cpf_prefix,
    info_key,
    locate,
    read_client_id,
    read_masked_digits,
    read_record,
)
from serve.published.person_hash import PersonHash
from serve.published.published_score import PublishedScore
from serve.published.run_info import GenerationInfo

MAX_ATTEMPTS = 5
"""Reads begun anew because a switch came between; runs are hours apart, so a second one is rare already."""


@dataclass(frozen=True, slots=True)
class _Generation:
    pointer: bytes
    info: GenerationInfo
    codes: tuple[str, ...]
    client_prefix: str
    cpf_prefix: str


@dataclass(frozen=True, slots=True)
class _Place:
    key: str
    field: bytes
    digest: bytes


class RedisScores:
    """Reads published scores; StoreUnavailableError whenever Redis cannot give a sure answer."""

    def __init__(self, cache: redis.asyncio.Redis, hashes: PersonHash) -> None:
        self._cache = cache
        self._hashes = hashes
        self._known: _Generation | None = None

    async def by_client(self, client_id: str) -> PublishedScore | None:
        """Return a consumer's score; None if the run in force has none."""
        digest = self._hashes.of_client(client_id)
        generation, (value,) = await self._read([digest], by_cpf=False)
        if value is None:
            return None
        return _published(value, generation, client_id=client_id, masked_digits=read_masked_digits(value, digest))

    async def by_cpfs(self, cpfs: Sequence[str]) -> list[PublishedScore | None]:
        """Return the scores of CPFs (eleven digits each) in order; None for those without one."""
        digests = [self._hashes.of_cpf(cpf) for cpf in cpfs]
        generation, values = await self._read(digests, by_cpf=True)
        return [
            None
            if value is None
            else _published(value, generation, client_id=read_client_id(value, digest), masked_digits=cpf[3:9])
            for cpf, digest, value in zip(cpfs, digests, values, strict=True)
        ]

    async def _read(self, digests: Sequence[bytes], *, by_cpf: bool) -> tuple[_Generation, list[bytes | None]]:
        try:
            for _ in range(MAX_ATTEMPTS):
                generation = self._known or await self._load_generation()
                prefix = generation.cpf_prefix if by_cpf else generation.client_prefix
                places = [_Place(*locate(d, prefix, generation.info.buckets), d) for d in digests]
                values, pointer = await self._fetch(places)
                if pointer == generation.pointer:
                    await self._check_misses(places, values)
                    return generation, values
                self._known = None
        except RedisError as error:
            raise StoreUnavailableError(f"Redis: {type(error).__name__}") from None
        raise StoreUnavailableError("Redis: the run in force keeps changing")

    async def _fetch(self, places: Sequence[_Place]) -> tuple[list[bytes | None], bytes | None]:
        pipe = self._cache.pipeline(transaction=False)
        for place in places:
            pipe.hget(place.key, place.field)
        pipe.get(POINTER_KEY)
        *values, pointer = await pipe.execute()
        return values, pointer

    async def _check_misses(self, places: Sequence[_Place], values: Sequence[bytes | None]) -> None:
        """Tell a consumer that does not exist from a bucket that Redis lost: an empty bucket proves nothing."""
        keys = sorted({place.key for place, value in zip(places, values, strict=True) if value is None})
        if not keys:
            return
        pipe = self._cache.pipeline(transaction=False)
        for key in keys:
            pipe.exists(key)
        if not all(await pipe.execute()):
            raise StoreUnavailableError("Redis: a part of the run in force is missing")

    async def _load_generation(self) -> _Generation:
        pointer_text: Any = await self._cache.get(POINTER_KEY)
        if pointer_text is None:
            raise StoreUnavailableError("Redis: no run in force")
        run_id = Pointer.decode(pointer_text).current
        info_text: Any = await self._cache.get(info_key(run_id))
        if info_text is None:
            raise StoreUnavailableError("Redis: the run in force is missing")
        info = GenerationInfo.decode(info_text)
        self._known = _Generation(pointer_text, info, info.run.codes, client_prefix(run_id), cpf_prefix(run_id))
        return self._known


def _published(value: bytes, generation: _Generation, *, client_id: str, masked_digits: str) -> PublishedScore:
    packed = read_record(value)
    codes = generation.codes
    return PublishedScore(
        client_id,
        masked_digits,
        packed.score,
        packed.probability,
        None if packed.band is None else packed.band.value,
        packed.status.value,
        tuple(Reason(codes[number], points) for number, points in packed.reasons),
        generation.info.run,
    )
