"""Published scores for the API: from Redis, and when it cannot answer surely, from PostgreSQL.

StoreUnavailableError, hence a 503 that says when to retry, only when neither answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool

from contracts.errors import StoreUnavailableError
from serve.published.published_score import PublishedScore
from serve.scores.postgres_scores import PostgresScores
from serve.scores.redis_scores import RedisScores


class ScoreStore:
    """Reads scores from the first store that answers; ``on_fallback`` is told each time that Redis did not."""

    def __init__(self, fast: RedisScores, sure: PostgresScores, *, on_fallback: Callable[[], None]) -> None:
        self._fast = fast
        self._sure = sure
        self._on_fallback = on_fallback

    async def by_client(self, client_id: str) -> PublishedScore | None:
        """Return a consumer's score; None if the run in force has none."""
        try:
            return await self._fast.by_client(client_id)
        except StoreUnavailableError:
            self._on_fallback()
            return await run_in_threadpool(self._sure.by_client, client_id)

    async def by_cpfs(self, cpfs: Sequence[str]) -> list[PublishedScore | None]:
        """Return the scores of CPFs (eleven digits each) in order; None for those without one."""
        try:
            return await self._fast.by_cpfs(cpfs)
        except StoreUnavailableError:
            self._on_fallback()
            return await run_in_threadpool(self._sure.by_cpfs, cpfs)
