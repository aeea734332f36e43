"""Scores read from Redis: one round trip for one consumer or for a thousand, always from one whole generation.

A consumer that is not found costs a second one, which tells who does not exist from a bucket that Redis lost.

The pointer is read *after* the records, in the same pipeline: if it still names the generation that was
read, that generation was in force and untouched; if not, the read is repeated with the one it names. So a
reader need not know of a switch beforehand, and never mixes two runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.errors import SettingsError, StoreUnavailableError
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
from serve.published.run_info import UNREADABLE, GenerationInfo
from serve.sources.redis_link import RedisReplyError
from serve.sources.redis_pipe import Command, RedisPipe

MAX_ATTEMPTS = 5
"""Reads begun anew because a switch came between; runs are hours apart, so a second one is rare already."""

_GET_POINTER: Command = ("GET", POINTER_KEY)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Generation:
    pointer: bytes
    info: GenerationInfo
    codes: tuple[str, ...]
    client_prefix: str
    cpf_prefix: str


@dataclass(frozen=True, slots=True)
class Question:
    """A read that is on its way, by ids or by CPFs; `RedisScores.answer` awaits it."""

    persons: Sequence[str]
    by_cpf: bool
    digests: Sequence[bytes]
    generation: _Generation | None
    replies: asyncio.Future[list[Any]] | None


class RedisScores:
    """Reads published scores; StoreUnavailableError whenever Redis cannot give a sure answer."""

    def __init__(self, pipe: RedisPipe, hashes: PersonHash) -> None:
        self._pipe = pipe
        self._hashes = hashes
        self._known: _Generation | None = None
        self._names = hashes
        self._refused: bytes | None = None

    async def by_client(self, client_id: str) -> PublishedScore | None:
        """Return a consumer's score; None if the run in force has none."""
        return (await self.answer(self.ask_client(client_id)))[0]

    async def by_cpfs(self, cpfs: Sequence[str]) -> list[PublishedScore | None]:
        """Return the scores of CPFs (eleven digits each) in order; None for those without one."""
        return await self.answer(self.ask_cpfs(cpfs))

    def ask_client(self, client_id: str) -> Question:
        """Send the read of one consumer's score at once; whatever else is sent in the same tick travels with it."""
        return self._ask((client_id,), (self._names.of_client(client_id),), by_cpf=False)

    def ask_cpfs(self, cpfs: Sequence[str]) -> Question:
        """Send the read of the scores of CPFs (eleven digits each) at once."""
        return self._ask(cpfs, [self._names.of_cpf(cpf) for cpf in cpfs], by_cpf=True)

    async def answer(self, question: Question) -> list[PublishedScore | None]:
        """Return the scores asked for, in order; None for those without one."""
        try:
            for _ in range(MAX_ATTEMPTS):
                generation = question.generation
                if generation is not None and question.replies is not None:
                    replies = await question.replies
                    if replies.pop() == generation.pointer:
                        if None in replies:
                            await self._check_misses(question, generation, replies)
                        return _read_all(question, generation, replies)
                    self._known = None
                await self._load_generation()
                question = self.ask_cpfs(question.persons) if question.by_cpf else self.ask_client(*question.persons)
        except RedisReplyError as error:
            raise StoreUnavailableError(f"Redis: {type(error).__name__}") from None
        except UNREADABLE as error:
            self._known = None
            raise StoreUnavailableError(f"Redis: what it holds cannot be read: {type(error).__name__}") from None
        raise StoreUnavailableError("Redis: the run in force keeps changing")

    def _ask(self, persons: Sequence[str], digests: Sequence[bytes], *, by_cpf: bool) -> Question:
        generation = self._known
        if generation is None:
            return Question(persons, by_cpf, digests, None, None)
        prefix = generation.cpf_prefix if by_cpf else generation.client_prefix
        buckets = generation.info.buckets
        commands: list[Command] = [("HGET", *locate(digest, prefix, buckets)) for digest in digests]
        return Question(persons, by_cpf, digests, generation, self._pipe.send(*commands, _GET_POINTER))

    async def _check_misses(self, question: Question, generation: _Generation, values: Sequence[bytes | None]) -> None:
        """Tell a consumer that does not exist from a bucket that Redis lost: an empty bucket proves nothing."""
        prefix = generation.cpf_prefix if question.by_cpf else generation.client_prefix
        missing = [digest for digest, value in zip(question.digests, values, strict=True) if value is None]
        keys = sorted({locate(digest, prefix, generation.info.buckets)[0] for digest in missing})
        if not all(await self._pipe.send(*(("EXISTS", key) for key in keys))):
            raise StoreUnavailableError("Redis: a part of the run in force is missing")

    async def _load_generation(self) -> None:
        (pointer_text,) = await self._pipe.send(_GET_POINTER)
        if pointer_text is None:
            raise StoreUnavailableError("Redis: no run in force")
        pointer = Pointer.decode(pointer_text)
        name = pointer.current, pointer.current_mark
        (info_text,) = await self._pipe.send(("GET", info_key(*name)))
        if info_text is None:
            raise StoreUnavailableError("Redis: the run in force is missing")
        info = GenerationInfo.decode(info_text)
        self._names = self._names_in(info, pointer_text)
        self._known = _Generation(pointer_text, info, info.run.codes, client_prefix(*name), cpf_prefix(*name))

    def _names_in(self, info: GenerationInfo, pointer_text: bytes) -> PersonHash:
        """Return how persons are named in a generation; the log is told once of one under a key not known here."""
        try:
            return self._hashes.under(info.key_id)
        except SettingsError as error:
            if self._refused != pointer_text:
                self._refused = pointer_text
                _LOG.error("Redis is not read: %s", error)
            raise StoreUnavailableError("Redis: the run in force is under a key that is not known here") from None


def _read_all(
    question: Question, generation: _Generation, values: Sequence[bytes | None]
) -> list[PublishedScore | None]:
    found: list[PublishedScore | None] = []
    for person, digest, value in zip(question.persons, question.digests, values, strict=True):
        if value is None:
            found.append(None)
        elif question.by_cpf:
            found.append(_published(value, generation, client_id=read_client_id(value, digest), masked=person[3:9]))
        else:
            masked = read_masked_digits(value, digest)
            found.append(_published(value, generation, client_id=person, masked=masked))
    return found


def _published(value: bytes, generation: _Generation, *, client_id: str, masked: str) -> PublishedScore:
    packed = read_record(value)
    codes = generation.codes
    return PublishedScore(
        client_id,
        masked,
        packed.score,
        packed.probability,
        packed.band,
        packed.status,
        tuple([Reason(codes[number], points) for number, points in packed.reasons]),
        generation.info.run,
    )
