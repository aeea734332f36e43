"""Shipping and looking at a journal from outside the API: a sidecar process, or one command."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from contracts.errors import SettingsError, StoreUnavailableError
from contracts.settings import Settings
from serve.auditing.backlog import SegmentState, measure
from serve.auditing.segment import SETTING
from serve.auditing.shipper import AuditShipper, Shipped
from serve.auditing.sink import shipping_store

T = TypeVar("T")
_STOPPING = (signal.SIGTERM, signal.SIGINT)


def ship_folder(settings: Settings) -> Shipped:
    """Ship all that the installation's folder holds; StoreUnavailableError if PostgreSQL does not take it."""
    return asyncio.run(_with_shipper(settings, AuditShipper.ship_all))


def ship_until_stopped(settings: Settings, *, report: Callable[[str], None]) -> Shipped:
    """Ship what is there and what comes, until SIGTERM or SIGINT."""
    if not settings.audit_root.is_dir():
        raise SettingsError([f"{SETTING}: {settings.audit_root} is no folder: start the API first, or name another"])

    async def ship(shipper: AuditShipper) -> Shipped:
        shipping = asyncio.create_task(shipper.run())
        for number in _STOPPING:
            asyncio.get_running_loop().add_signal_handler(number, shipping.cancel)
        report(f"ships {settings.audit_root}")
        with suppress(asyncio.CancelledError):
            await shipping
        return shipper.done

    return asyncio.run(_with_shipper(settings, ship))


def journal_state(settings: Settings) -> tuple[list[SegmentState], bool]:
    """Return the segments' states, and whether PostgreSQL said what it has of them; without, all counts as waiting."""

    async def look(shipper: AuditShipper) -> tuple[list[SegmentState], bool]:
        try:
            await shipper.learn_offsets()
        except (StoreUnavailableError, SQLAlchemyError):
            return measure(settings.audit_root, {}), False
        return shipper.states(), True

    if settings.for_api().results_url is None:
        return measure(settings.audit_root, {}), False
    return asyncio.run(_with_shipper(settings, look))


async def _with_shipper(settings: Settings, work: Callable[[AuditShipper], Awaitable[T]]) -> T:
    results = shipping_store(settings)
    try:
        return await work(AuditShipper(settings.audit_root, results))
    finally:
        await results.close()
