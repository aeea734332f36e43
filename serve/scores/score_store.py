"""Published scores for the API: from Redis, and when it cannot answer surely, from PostgreSQL.

StoreUnavailableError, hence a 503 that says when to retry, only when neither answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contracts.errors import StoreUnavailableError
from serve.published.published_score import PublishedScore
from serve.scores.gathered_reads import GatheredReads
from serve.scores.postgres_scores import PostgresScores
from serve.scores.redis_scores import Question, RedisScores


class ScoreStore:
    """Reads scores from the first store that answers; ``on_fallback`` is told each time that Redis did not."""

    def __init__(self, fast: RedisScores, sure: PostgresScores, *, on_fallback: Callable[[], None]) -> None:
        self._fast = fast
        self._sure = sure
        self._gathered = GatheredReads(sure.by_clients)
        self._on_fallback = on_fallback

    def ask_client(self, client_id: str) -> Question:
        """Send the read of one consumer's score; `answer_client` awaits it."""
        return self._fast.ask_client(client_id)

    def ask_cpfs(self, cpfs: Sequence[str]) -> Question:
        """Send the read of the scores of CPFs (eleven digits each); `answer_cpfs` awaits it."""
        return self._fast.ask_cpfs(cpfs)

    async def answer_client(self, question: Question) -> PublishedScore | None:
        """Return the consumer's score; None if the run in force has none."""
        try:
            return (await self._fast.answer(question))[0]
        except StoreUnavailableError:
            self._on_fallback()
            return await self._gathered.get(question.persons[0])

    async def answer_cpfs(self, question: Question) -> list[PublishedScore | None]:
        """Return the scores in the order asked; None for those without one."""
        try:
            return await self._fast.answer(question)
        except StoreUnavailableError:
            self._on_fallback()
            return await self._sure.by_cpfs(question.persons)

    async def by_client(self, client_id: str) -> PublishedScore | None:
        """Return a consumer's score; None if the run in force has none."""
        return await self.answer_client(self.ask_client(client_id))

    async def by_cpfs(self, cpfs: Sequence[str]) -> list[PublishedScore | None]:
        """Return the scores of CPFs (eleven digits each) in order; None for those without one."""
        return await self.answer_cpfs(self.ask_cpfs(cpfs))
