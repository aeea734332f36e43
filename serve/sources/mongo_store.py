"""A document store for the API: reads on pymongo's asynchronous client, each within a time limit.

Decoding never fails on what a document holds: a text that is not UTF-8 is mended, an instant that no calendar of
Python's has comes as a `DatetimeMS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from bson import CodecOptions
from bson.codec_options import DatetimeConversion
from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from contracts.errors import StoreUnavailableError
from serve.sources.breaker import Breaker
from stores.addresses import reason_of
from stores.url_options import check_mongo_options

T = TypeVar("T")
Document: TypeAlias = dict[str, Any]
Work: TypeAlias = Callable[[AsyncDatabase[Document]], Awaitable[T]]

CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=False, unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
IDLE_SECONDS = 60
"""A connection that was not used for longer is not trusted: a process that slept may have lost it unseen."""

GRACE_SECONDS = 0.25
"""What the driver may take beyond its own limit before the work is given up."""


class MongoStore:
    """One database; StoreUnavailableError whenever it cannot answer within ``timeout`` seconds.

    Belongs to the event loop that uses it first. ``store`` names it in errors; ``on_change`` is told True when it
    is known to be out, False when it is back. SettingsError if the URL has an option that is not good.
    """

    def __init__(
        self, url: str, *, store: str, timeout: float, on_change: Callable[[bool], None] | None = None
    ) -> None:
        check_mongo_options(url)
        milliseconds = int(timeout * 1000)
        self.store = store
        self._timeout = timeout
        self._client: AsyncMongoClient[Document] = AsyncMongoClient(
            url,
            appname="escore-api",
            timeoutMS=milliseconds,
            serverSelectionTimeoutMS=milliseconds,
            connectTimeoutMS=milliseconds,
            maxIdleTimeMS=IDLE_SECONDS * 1000,
        )
        self._database = self._client.get_default_database(codec_options=CODEC)
        self._breaker = Breaker(self._answers, store=store, on_change=on_change)
        self._tasks: set[asyncio.Future[Any]] = set()

    async def run(self, work: Work[T]) -> T:
        """Return what ``work`` makes of the database."""
        if self._breaker.is_open:
            raise StoreUnavailableError(f"{self.store} is out")
        try:
            result = await self._within_time(work)
        except (PyMongoError, TimeoutError) as error:
            reason = reason_of(self._known_error() or error)
            self._breaker.fail(reason)
            raise StoreUnavailableError(f"{self.store}: {reason}") from None
        except BSONError as error:
            raise StoreUnavailableError(
                f"{self.store}: an answer that cannot be read: {type(error).__name__}"
            ) from None
        self._breaker.succeed()
        return result

    async def check(self) -> bool:
        """Return whether the store answers."""
        try:
            await self.run(_ping)
        except StoreUnavailableError:
            return False
        return True

    async def close(self) -> None:
        """Close every connection, in a bounded time."""
        await self._breaker.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._timeout)
        await asyncio.wait({asyncio.ensure_future(self._client.close())}, timeout=self._timeout)

    async def _answers(self) -> bool:
        try:
            await self._within_time(_ping)
        except (PyMongoError, TimeoutError):
            return False
        return True

    async def _within_time(self, work: Work[T]) -> T:
        """Await the work for so long, and never cancel it: the driver's own limits end it soon.

        A cancelled server selection of pymongo's (4.20 on Python 3.11) lets go of the topology's lock without holding
        it and takes it for good afterwards: every later request then waits in vain, until the process ends.
        """
        task = asyncio.ensure_future(work(self._database))
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        done, _ = await asyncio.wait({task}, timeout=self._timeout + GRACE_SECONDS)
        if not done:
            raise TimeoutError(f"no answer within {self._timeout:g} s")
        return task.result()

    def _known_error(self) -> BaseException | None:
        """Return why the servers could not be reached, which a driver that is out of time does not say."""
        found = self._client.topology_description.server_descriptions().values()
        return next((server.error for server in found if server.error is not None), None)

    def _forget(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # asked for, or asyncio logs work that was given up as forgotten


async def _ping(database: AsyncDatabase[Document]) -> None:
    await database.command("ping")
