"""Generations of scores in Redis, from the writer's side: fill, count, drop, and move the pointer.

A key `escore:geracoes` lists the generations that exist, so none is ever looked for by scanning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

import pyarrow as pa
import redis

from contracts.errors import DataIntegrityError, StoreUnavailableError
from serve.published.key_layout import (
    POINTER_KEY,
    Pointer,
    bucket_count,
    client_prefix,
    cpf_prefix,
    generation_of,
    info_key,
)
from serve.published.person_hash import PersonHash
from serve.published.run_info import UNREADABLE, GenerationInfo, RunInfo
from serve.publishing.bulk_hset import encode_bucket_commands, read_replies, write_entries
from serve.publishing.entry_groups import EntryGroup

GENERATIONS_KEY = "escore:geracoes"
KEYS_A_BATCH = 10_000


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turn Redis's failures within the block (gone, slow, out of memory) into StoreUnavailableError."""
    try:
        yield
    except redis.RedisError as error:
        raise StoreUnavailableError(f"Redis: {type(error).__name__}") from None


@contextmanager
def reading_redis(what: str) -> Iterator[None]:
    """Turn what does not decode within the block into DataIntegrityError, which names it."""
    try:
        yield
    except UNREADABLE:
        raise DataIntegrityError(f"Redis: {what} is not as it was written; flush Redis and publish again") from None


class Generations:
    """Writes generations of scores into one Redis."""

    def __init__(self, cache: redis.Redis, hashes: PersonHash) -> None:
        self._cache = cache
        self._hashes = hashes

    def open(self, run: RunInfo, *, consumers: int) -> None:
        """Start an empty generation sized for about so many consumers; what it held before is dropped."""
        self.drop(run.execucao_id)
        for other in self.existing():
            if generation_of(other) == generation_of(run.execucao_id):
                raise DataIntegrityError("two runs share a generation name: start the run anew")
        with redis_errors():
            self._cache.sadd(GENERATIONS_KEY, run.execucao_id.hex)
            self._cache.set(info_key(run.execucao_id), GenerationInfo(run, bucket_count(consumers)).encode())

    def filling(self, run_id: UUID) -> Filling:
        """Return what fills an open generation."""
        info = self.info(run_id)
        if info is None:
            raise DataIntegrityError("the run's generation is not in Redis: begin the run again")
        return Filling(self._cache, self._hashes, info)

    def info(self, run_id: UUID) -> GenerationInfo | None:
        """Return a generation's description; None if Redis does not hold it."""
        with redis_errors():
            value = cast("bytes | None", self._cache.get(info_key(run_id)))
        with reading_redis(f"the description of run {run_id}"):
            return None if value is None else GenerationInfo.decode(value)

    def count(self, run_id: UUID) -> tuple[int, int]:
        """Return how many consumers a generation holds, by consumer id and by CPF."""
        info = self.info(run_id)
        if info is None:
            return 0, 0
        by_client = sum(sum(lengths) for lengths in self._each_bucket(client_prefix(run_id), info.buckets, b"HLEN"))
        by_cpf = sum(sum(lengths) for lengths in self._each_bucket(cpf_prefix(run_id), info.buckets, b"HLEN"))
        return by_client, by_cpf

    def drop(self, run_id: UUID) -> None:
        """Remove a generation, its description last, so that a half-finished removal can be repeated."""
        info = self.info(run_id)
        if info is not None:
            for prefix in (client_prefix(run_id), cpf_prefix(run_id)):
                for _ in self._each_bucket(prefix, info.buckets, b"UNLINK"):
                    continue
        with redis_errors():
            self._cache.unlink(info_key(run_id))
            self._cache.srem(GENERATIONS_KEY, run_id.hex)

    def existing(self) -> frozenset[UUID]:
        """Return the runs that have a generation, whole or not."""
        with redis_errors():
            members = cast("set[bytes]", self._cache.smembers(GENERATIONS_KEY))
        with reading_redis(GENERATIONS_KEY):
            return frozenset(UUID(hex=member.decode()) for member in members)

    def pointer(self) -> Pointer | None:
        """Return the pointer that readers follow; None if there is none."""
        with redis_errors():
            value = cast("bytes | None", self._cache.get(POINTER_KEY))
        with reading_redis(POINTER_KEY):
            return None if value is None else Pointer.decode(value)

    def point_to(self, pointer: Pointer | None) -> None:
        """Move the pointer in one command; None removes it, and readers turn to PostgreSQL."""
        with redis_errors():
            if pointer is None:
                self._cache.unlink(POINTER_KEY)
            else:
                self._cache.set(POINTER_KEY, pointer.encode())

    def _each_bucket(self, prefix: str, buckets: int, command: bytes) -> Iterator[list[int]]:
        for start in range(0, buckets, KEYS_A_BATCH):
            numbers = range(start, min(start + KEYS_A_BATCH, buckets))
            with redis_errors(), raw_connection(self._cache) as connection:
                connection.send_packed_command([encode_bucket_commands(command, prefix, numbers)])
                replies = read_replies(connection, len(numbers))
            yield replies


class Filling:
    """Fills one open generation; writing rows again changes nothing."""

    def __init__(self, cache: redis.Redis, hashes: PersonHash, info: GenerationInfo) -> None:
        self._cache = cache
        self._hashes = hashes
        self._info = info

    def write_tables(self, tables: Iterable[pa.Table]) -> None:
        """Add tables of SCORES_SCHEMA."""
        group = EntryGroup()
        for scores in tables:
            self.encode(scores, group)
            if group.is_full:
                self.write(group)
                group = EntryGroup()
        self.write(group)

    def encode(self, scores: pa.Table, group: EntryGroup) -> None:
        """Add a table of SCORES_SCHEMA to a group that is yet to be written."""
        group.add(scores, self._info.run.codes, self._hashes)

    def write(self, group: EntryGroup) -> None:
        """Write a group of entries and wait until Redis has confirmed them."""
        run_id, buckets = self._info.run.execucao_id, self._info.buckets
        with redis_errors(), raw_connection(self._cache) as connection:
            for entries in group.by_client():
                write_entries(connection, entries, prefix=client_prefix(run_id), buckets=buckets)
            for entries in group.by_cpf():
                write_entries(connection, entries, prefix=cpf_prefix(run_id), buckets=buckets)


@contextmanager
def raw_connection(cache: redis.Redis) -> Iterator[Any]:
    """Yield a connection of the client's pool; after an error it is closed, for replies may be left unread."""
    pool = cache.connection_pool
    connection: Any = pool.get_connection()
    answered = False
    try:
        yield connection
        answered = True
    finally:
        if not answered:
            connection.disconnect()
        pool.release(connection)
