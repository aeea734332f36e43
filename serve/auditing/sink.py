"""The audit of one process as the settings ask for it: a journal and its shipper, or PostgreSQL at once."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from contracts.errors import StoreUnavailableError
from contracts.settings import Settings
from serve.auditing.backlog import lag_of, measure
from serve.auditing.direct import DirectAudit
from serve.auditing.entry import AuditEntry, AuditLag, AuditSink
from serve.auditing.journal import AuditJournal
from serve.auditing.shipper import AuditShipper
from serve.sources.sql_store import SqlStore

SHIPPING_SECONDS = 20.0
"""Longest wait for PostgreSQL to take one piece; nobody's answer waits for it."""

CLOSING_SECONDS = 3.0
"""Time to ship what is left when the process ends; the rest waits on the disk for the next one."""

LOOK_SECONDS = 2.0
"""Time between looks at how much of the journal is still on the disk, where somebody else ships it."""

LOGGER = logging.getLogger("escore.audit")


class _JournalSink(ABC):
    """Keeps entries in a journal on this disk; who ships it is the subclass's."""

    def __init__(self, journal: AuditJournal) -> None:
        self._journal = journal

    async def record(self, entry: AuditEntry) -> None:
        """Keep the entry on this disk; StoreUnavailableError if that cannot be done."""
        await self._journal.record(entry)

    async def check(self) -> bool:
        """Return whether an entry could be kept now."""
        return self._journal.can_record()

    @abstractmethod
    def lag(self) -> AuditLag:
        """Return what waits on this disk."""

    def _look_after_journal(self) -> None:
        """See what whoever ships has removed, or reads would be refused for what no longer waits."""
        with suppress(OSError):
            self._journal.drop_if_deleted()
            self._journal.bytes_waiting = self.lag().bytes_waiting


class ShippedJournal(_JournalSink):
    """A journal whose own process ships it."""

    def __init__(self, journal: AuditJournal, shipper: AuditShipper, results: SqlStore) -> None:
        super().__init__(journal)
        self._shipper = shipper
        self._results = results
        self._shipping: asyncio.Task[None] | None = None

    def lag(self) -> AuditLag:
        """Return how far PostgreSQL is behind."""
        return self._shipper.lag()

    async def open(self) -> None:
        """Begin a segment and the shipping; SettingsError if the folder cannot be written."""
        self._journal.open()
        self._shipping = asyncio.create_task(self._shipper.run(self._look_after_journal), name="escore-audit")
        self._shipping.add_done_callback(_tell_end)

    async def close(self) -> None:
        """End the segment and ship what is left, within a few seconds."""
        await self._journal.close()
        if self._shipping is not None:
            self._shipping.cancel()
            await asyncio.wait({self._shipping})
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._shipper.ship_all()
        except (StoreUnavailableError, SQLAlchemyError, OSError, TimeoutError):
            LOGGER.warning("audit: %d bytes wait on the disk for the next process", self.lag().bytes_waiting)
        await self._results.close()


def _tell_end(shipping: asyncio.Task[None]) -> None:
    """Say that the shipping ended by a fault of ours; what is recorded waits, and the lag grows."""
    if not shipping.cancelled() and (error := shipping.exception()) is not None:
        LOGGER.error("audit: the shipping ended (%s); restart the process", type(error).__name__)


class KeptJournal(_JournalSink):
    """A journal that somebody else ships (`escore audit ship`): this process does not reach PostgreSQL."""

    def __init__(self, journal: AuditJournal, folder: Path) -> None:
        super().__init__(journal)
        self._folder = folder
        self._looking: asyncio.Task[None] | None = None

    def lag(self) -> AuditLag:
        """Return what lies on this disk, shipped or not: only who ships knows how much is."""
        return lag_of(measure(self._folder, {}))

    async def open(self) -> None:
        """Begin a segment; SettingsError if the folder cannot be written."""
        self._journal.open()
        self._looking = asyncio.create_task(self._keep_looking(), name="escore-audit")
        LOGGER.warning("audit: SCORE_RESULTS_URL is not set; the journal waits for `escore audit ship`")

    async def close(self) -> None:
        """End the segment."""
        await self._journal.close()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _keep_looking(self) -> None:
        while True:
            self._look_after_journal()
            await asyncio.sleep(LOOK_SECONDS)


def make_sink(settings: Settings, results: SqlStore | None) -> AuditSink:
    """Return the sink that the settings name; ``results`` serves ``direto``, a shipper has a connection of its own."""
    if results is not None:
        return DirectAudit(results)
    folder = settings.audit_root
    journal = AuditJournal(folder, fsync=settings.audit_fsync, max_bytes=settings.audit_max_bytes)
    if settings.results_url is None:
        return KeptJournal(journal, folder)
    shipping = shipping_store(settings)
    return ShippedJournal(journal, AuditShipper(folder, shipping, own=lambda: journal.path), shipping)


def shipping_store(settings: Settings) -> SqlStore:
    """Return the results as a shipper reaches them: one connection, and time for a piece."""
    url = settings.for_api().secret("results_url")
    return SqlStore(url, store="results", timeout=SHIPPING_SECONDS, connections=1)
