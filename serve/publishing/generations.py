"""Generations of scores in Redis, from the writer's side: fill, count, drop, and move the pointer.

A key `escore:geracoes` lists the generations that exist, so none is ever looked for by scanning.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from serve.published.run_info import GenerationInfo, RunInfo
from serve.publishing.bulk_hset import write_entries
from serve.publishing.record_encoding import encode_records, entries_by_client, entries_by_cpf

GENERATIONS_KEY = "escore:geracoes"
KEYS_A_COMMAND = 1_000


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turn Redis's failures within the block (gone, slow, out of memory) into StoreUnavailableError."""
    try:
        yield
    except redis.RedisError as error:
        raise StoreUnavailableError(f"Redis: {type(error).__name__}") from None


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

    def write(self, run_id: UUID, scores: pa.Table) -> None:
        """Add a table of SCORES_SCHEMA to an open generation; writing rows again changes nothing."""
        info = self.info(run_id)
        if info is None:
            raise DataIntegrityError("the run's generation is not in Redis: begin the run again")
        records = encode_records(scores, info.run.codes)
        with redis_errors(), self._connection() as connection:
            by_client = entries_by_client(scores, records, self._hashes)
            write_entries(connection, by_client, prefix=client_prefix(run_id), buckets=info.buckets)
            for part in entries_by_cpf(scores, records, self._hashes):
                write_entries(connection, part, prefix=cpf_prefix(run_id), buckets=info.buckets)

    def info(self, run_id: UUID) -> GenerationInfo | None:
        """Return a generation's description; None if Redis does not hold it."""
        with redis_errors():
            value = cast("bytes | None", self._cache.get(info_key(run_id)))
        return None if value is None else GenerationInfo.decode(value)

    def count(self, run_id: UUID) -> tuple[int, int]:
        """Return how many consumers a generation holds, by consumer id and by CPF."""
        info = self.info(run_id)
        if info is None:
            return 0, 0
        by_client = sum(sum(lengths) for lengths in self._each_bucket(client_prefix(run_id), info.buckets, "hlen"))
        by_cpf = sum(sum(lengths) for lengths in self._each_bucket(cpf_prefix(run_id), info.buckets, "hlen"))
        return by_client, by_cpf

    def drop(self, run_id: UUID) -> None:
        """Remove a generation, its description last, so that a half-finished removal can be repeated."""
        info = self.info(run_id)
        if info is not None:
            for prefix in (client_prefix(run_id), cpf_prefix(run_id)):
                for _ in self._each_bucket(prefix, info.buckets, "unlink"):
                    continue
        with redis_errors():
            self._cache.unlink(info_key(run_id))
            self._cache.srem(GENERATIONS_KEY, run_id.hex)

    def existing(self) -> frozenset[UUID]:
        """Return the runs that have a generation, whole or not."""
        with redis_errors():
            members = cast("set[bytes]", self._cache.smembers(GENERATIONS_KEY))
        return frozenset(UUID(hex=member.decode()) for member in members)

    def pointer(self) -> Pointer | None:
        """Return the pointer that readers follow; None if there is none."""
        with redis_errors():
            value = cast("bytes | None", self._cache.get(POINTER_KEY))
        return None if value is None else Pointer.decode(value)

    def point_to(self, pointer: Pointer | None) -> None:
        """Move the pointer in one command; None removes it, and readers turn to PostgreSQL."""
        with redis_errors():
            if pointer is None:
                self._cache.unlink(POINTER_KEY)
            else:
                self._cache.set(POINTER_KEY, pointer.encode())

    def _each_bucket(self, prefix: str, buckets: int, command: str) -> Iterator[list[int]]:
        for start in range(0, buckets, KEYS_A_COMMAND):
            pipe = self._cache.pipeline(transaction=False)
            for number in range(start, min(start + KEYS_A_COMMAND, buckets)):
                getattr(pipe, command)(f"{prefix}{number:06x}")
            with redis_errors():
                replies = pipe.execute()
            yield replies

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        pool = self._cache.connection_pool
        connection: Any = pool.get_connection()
        answered = False
        try:
            yield connection
            answered = True
        finally:
            if not answered:
                connection.disconnect()  # replies may be left unread
            pool.release(connection)
