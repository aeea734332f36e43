"""Readers that ask for every consumer all the while, from both stores, and judge each answer by the truth.

They use the readers of the API. An answer must be of one whole run, equal to the truth of its date and model, and a
run that was seen replaced must not be seen again. A store that does not answer is no wrong.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self
from uuid import UUID

from contracts.errors import StoreUnavailableError
from contracts.settings import Settings
from serve.published.person_hash import PersonHash
from serve.published.published_score import PublishedScore
from serve.scores.postgres_scores import PostgresScores
from serve.scores.redis_scores import RedisScores
from serve.sources.redis_pipe import RedisPipe
from serve.sources.sql_store import SqlStore
from tests.run_faults.checker import Known

PAUSE_SECONDS = 0.15
TIMEOUT = 2.0
TRUTH_TIMEOUT = 60.0

Answers = dict[str, tuple[Any, ...]]
"""By CPF, what was answered of the consumer."""

Read = Callable[[list[str]], Awaitable[list[PublishedScore | None]]]


class Readers:
    """Polls in a thread of its own while the block runs; ``wrongs`` are judged at its end."""

    def __init__(self, settings: Settings, cpfs: list[str], truths: Mapping[Known, Answers]) -> None:
        self._settings = settings
        self._cpfs = cpfs
        self._truths = truths
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._poll()), name="readers")
        self.wrongs: list[str] = []
        self.answers = 0
        self.seen: dict[str, list[UUID]] = {"PostgreSQL": [], "Redis": []}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()
        self.wrongs = list(dict.fromkeys(self.wrongs))
        self.wrongs += [f"{store}: no answer at all" for store, runs in self.seen.items() if not runs]

    async def _poll(self) -> None:
        hashes = PersonHash(self._settings.secret("cache_key").encode())
        results = SqlStore(self._settings.secret("results_url"), store="results", timeout=TIMEOUT, connections=2)
        pipe = RedisPipe(self._settings.secret("redis_url"), timeout=TIMEOUT)
        reads: dict[str, Read] = {
            "PostgreSQL": PostgresScores(results).by_cpfs,
            "Redis": RedisScores(pipe, hashes).by_cpfs,
        }
        while not self._stop.is_set():
            for store, read in reads.items():
                try:
                    self._judge(store, await read(self._cpfs))
                except StoreUnavailableError:
                    continue
            await asyncio.sleep(PAUSE_SECONDS)
        await pipe.close()
        await results.close()

    def _judge(self, store: str, scores: list[PublishedScore | None]) -> None:
        self.answers += 1
        found = {cpf: score for cpf, score in zip(self._cpfs, scores, strict=True) if score is not None}
        runs = {score.run.execucao_id: score.run for score in found.values()}
        if len(runs) != 1:
            self.wrongs.append(f"{store}: an answer of {len(runs)} runs, {len(found)} of {len(self._cpfs)} consumers")
            return
        [run] = runs.values()
        truth = self._truths.get((run.data_referencia, run.modelo_versao))
        if truth is not None and truth != answers_of(found):
            self.wrongs.append(f"{store}: an answer of run {run.execucao_id} that is not its truth")
        seen = self.seen[store]
        if run.execucao_id in seen[:-1]:
            self.wrongs.append(f"{store}: run {run.execucao_id} was read again after it had been replaced")
        if not seen or seen[-1] != run.execucao_id:
            seen.append(run.execucao_id)


def answers_of(found: Mapping[str, PublishedScore]) -> Answers:
    """Return what was answered of each consumer, without what is the run's; stores write a float32 in other digits."""
    return {cpf: tuple(score._replace(probability=_bits(score.probability))[:-1]) for cpf, score in found.items()}


def _bits(probability: float | None) -> bytes | None:
    return None if probability is None else struct.pack("<f", probability)


def read_truth(settings: Settings, cpfs: list[str]) -> tuple[Known, Answers]:
    """Return what PostgreSQL answers of the run in force."""

    async def read() -> list[PublishedScore | None]:
        results = SqlStore(settings.secret("results_url"), store="results", timeout=TRUTH_TIMEOUT, connections=1)
        try:
            return await PostgresScores(results).by_cpfs(cpfs)
        finally:
            await results.close()

    found = {cpf: score for cpf, score in zip(cpfs, asyncio.run(read()), strict=True) if score is not None}
    run = next(iter(found.values())).run
    return (run.data_referencia, run.modelo_versao), answers_of(found)
