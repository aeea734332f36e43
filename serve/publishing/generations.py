"""Generations of scores in Redis, from the writer's side: fill, count, drop, and move the pointer.

A key `escore:geracoes` lists the generations that exist, so none is ever looked for by scanning. A run has one; while
it is written anew beside what readers have, under another key of persons' names, it has a second one with a mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    generation_text,
    info_key,
    parse_generation,
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
        """Start an empty generation sized for about so many consumers; what the run had before is dropped."""
        self.drop(run.execucao_id)
        self._start(run, "", consumers=consumers, key_id=self._hashes.key_id)

    def open_beside(self, run: RunInfo, *, consumers: int, key_id: str) -> str:
        """Start an empty generation of a run that has one, under another key; return its mark.

        What an earlier attempt left is dropped; what readers have is not touched.
        """
        mark = "" if self.mark_of(run.execucao_id) == key_id else key_id
        self.drop_one(run.execucao_id, mark)
        self._start(run, mark, consumers=consumers, key_id=key_id)
        return mark

    def _start(self, run: RunInfo, mark: str, *, consumers: int, key_id: str) -> None:
        run_id = run.execucao_id
        if generation_of(run_id, mark) in {generation_of(*other) for other in self.listed() - {(run_id, mark)}}:
            raise DataIntegrityError("two runs share a generation name: start the run anew")
        with redis_errors():
            self._cache.sadd(GENERATIONS_KEY, generation_text(run_id, mark))
            self._cache.set(info_key(run_id, mark), GenerationInfo(run, bucket_count(consumers), key_id).encode())

    def filling(self, run_id: UUID, mark: str | None = None) -> Filling:
        """Return what fills an open generation, under the key that it was opened for."""
        mark = self.mark_of(run_id) if mark is None else mark
        info = self.info(run_id, mark)
        if info is None:
            raise DataIntegrityError("the run's generation is not in Redis: begin the run again")
        return Filling(self._cache, self._hashes.under(info.key_id), info, mark)

    def info(self, run_id: UUID, mark: str | None = None) -> GenerationInfo | None:
        """Return a generation's description; None if Redis does not hold it."""
        mark = self.mark_of(run_id) if mark is None else mark
        with redis_errors():
            value = cast("bytes | None", self._cache.get(info_key(run_id, mark)))
        with reading_redis(f"the description of run {run_id}"):
            return None if value is None else GenerationInfo.decode(value)

    def count(self, run_id: UUID, mark: str | None = None) -> tuple[int, int]:
        """Return how many consumers a generation holds, by consumer id and by CPF."""
        mark = self.mark_of(run_id) if mark is None else mark
        info = self.info(run_id, mark)
        if info is None:
            return 0, 0
        prefixes = client_prefix(run_id, mark), cpf_prefix(run_id, mark)
        by_client, by_cpf = (
            sum(sum(lengths) for lengths in self._each_bucket(prefix, info.buckets, b"HLEN")) for prefix in prefixes
        )
        return by_client, by_cpf

    def drop(self, run_id: UUID) -> None:
        """Remove a run's generations."""
        for mark in {"", *(mark for other, mark in self.listed() if other == run_id)}:
            self.drop_one(run_id, mark)

    def drop_one(self, run_id: UUID, mark: str) -> None:
        """Remove a generation, its description last, so that a half-finished removal can be repeated."""
        info = self.info(run_id, mark)
        if info is not None:
            for prefix in (client_prefix(run_id, mark), cpf_prefix(run_id, mark)):
                for _ in self._each_bucket(prefix, info.buckets, b"UNLINK"):
                    continue
        with redis_errors():
            self._cache.unlink(info_key(run_id, mark))
            self._cache.srem(GENERATIONS_KEY, generation_text(run_id, mark))

    def existing(self) -> frozenset[UUID]:
        """Return the runs that have a generation, whole or not."""
        return frozenset(run_id for run_id, _ in self.listed())

    def listed(self) -> frozenset[tuple[UUID, str]]:
        """Return run and mark of each generation, whole or not."""
        with redis_errors():
            members = cast("set[bytes]", self._cache.smembers(GENERATIONS_KEY))
        with reading_redis(GENERATIONS_KEY):
            return frozenset(parse_generation(member.decode()) for member in members)

    def mark_of(self, run_id: UUID) -> str:
        """Return the mark of the run's generation: the one that readers have, else whichever there is."""
        pointer = self.pointer()
        if pointer is not None and run_id in (pointer.current, pointer.previous):
            return pointer.mark_of(run_id)
        return min((mark for other, mark in self.listed() if other == run_id), default="")

    def pointer(self) -> Pointer | None:
        """Return the pointer that readers follow; None if there is none that can be read."""
        with redis_errors():
            value = cast("bytes | None", self._cache.get(POINTER_KEY))
        try:
            return None if value is None else Pointer.decode(value)
        except ValueError:
            return None

    def point_to(self, pointer: Pointer | None) -> None:
        """Move the pointer to runs in one command; None removes it, and readers turn to PostgreSQL."""
        with redis_errors():
            if pointer is None:
                self._cache.unlink(POINTER_KEY)
                return
            previous_mark = "" if pointer.previous is None else self.mark_of(pointer.previous)
            marked = replace(pointer, current_mark=self.mark_of(pointer.current), previous_mark=previous_mark)
            self._cache.set(POINTER_KEY, marked.encode())

    def turn_to(self, run_id: UUID, mark: str) -> None:
        """Point to another generation of a run that the pointer names, in one command."""
        pointer = self.pointer()
        if pointer is None or run_id not in (pointer.current, pointer.previous):
            raise DataIntegrityError(f"run {run_id}: the pointer in Redis does not name it any more")
        if run_id == pointer.current:
            turned = replace(pointer, current_mark=mark)
        else:
            turned = replace(pointer, previous_mark=mark)
        with redis_errors():
            self._cache.set(POINTER_KEY, turned.encode())

    def _each_bucket(self, prefix: str, buckets: int, command: bytes) -> Iterator[list[int]]:
        for start in range(0, buckets, KEYS_A_BATCH):
            numbers = range(start, min(start + KEYS_A_BATCH, buckets))
            with redis_errors(), raw_connection(self._cache) as connection:
                connection.send_packed_command([encode_bucket_commands(command, prefix, numbers)])
                replies = read_replies(connection, len(numbers))
            yield replies


class Filling:
    """Fills one open generation; writing rows again changes nothing."""

    def __init__(self, cache: redis.Redis, hashes: PersonHash, info: GenerationInfo, mark: str = "") -> None:
        self._cache = cache
        self._hashes = hashes
        self._info = info
        self._mark = mark

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
                write_entries(connection, entries, prefix=client_prefix(run_id, self._mark), buckets=buckets)
            for entries in group.by_cpf():
                write_entries(connection, entries, prefix=cpf_prefix(run_id, self._mark), buckets=buckets)


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
