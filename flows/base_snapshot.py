"""Which snapshot an incremental run may go on from: the published run's, if it is whole and of the same stores.

Damage within a range's files is found when the range is read, and that range is then read from the stores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from contracts.artifacts import ArtifactStore
from contracts.canonical_json import canonical_json
from contracts.errors import DataIntegrityError
from contracts.extraction import CpfRange
from contracts.reference_date import cutoff_utc
from contracts.settings import SOURCE_SETTINGS, Settings
from contracts.tables import TABLES
from extract.event_changes import STRAY
from extract.lake import read_heads
from extract.verdicts import RULE_ORDER
from flows.run_plan import SnapshotBase, read_origin, read_plan
from stores.addresses import identify_url
from stores.erasures import last_readmission
from stores.ledger import Run, run_in_force

_READERS = 16
OUTGROWN = 2.0
"""Ranges that hold this many times the consumers they should are cut anew, by a full run."""


@dataclass(frozen=True, slots=True)
class FoundBase:
    """A base with its ranges and, by collection, how many older documents each range (STRAY: the strays) holds.

    Without a base, ``reason`` says why everything must be read.
    """

    base: SnapshotBase | None = None
    reason: str = ""
    ranges: tuple[CpfRange, ...] = ()
    heads: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


def origin_of(settings: Settings) -> str:
    """Return a digest of what a snapshot depends on besides the records: stores, range size, tables and rules."""
    body = {
        "lojas": [identify_url(settings.secret(name)) for name in SOURCE_SETTINGS],
        "faixa": settings.range_size,
        "tabelas": [f"{table.name} {table.lake_schema}" for table in TABLES],
        "regras": list(RULE_ORDER),
    }
    return hashlib.sha256(canonical_json(body)).hexdigest()


def find_base(settings: Settings, lake: ArtifactStore, results: sa.Engine) -> FoundBase:
    """Return what a run may go on from now; without a base, the reason why."""
    return choose_base(settings, lake, run_in_force(results), readmitted_at=last_readmission(results))


def choose_base(
    settings: Settings, lake: ArtifactStore, run: Run | None, *, readmitted_at: datetime | None = None
) -> FoundBase:
    """Return what to go on from, given the run in force; without a base, the reason why.

    ``readmitted_at`` is when an erased person was last taken in again, whom an earlier snapshot lacks.
    """
    if run is None:
        return FoundBase(reason="no run is in force")
    snapshot_id = str(run.id)
    try:
        ranges = read_plan(lake, snapshot_id) or ()
        reason = _why_not(settings, lake, run, len(ranges), readmitted_at=readmitted_at)
        if reason:
            return FoundBase(reason=reason)
        heads = _read_heads(lake, snapshot_id, ranges)
    except DataIntegrityError as error:
        return FoundBase(reason=f"the snapshot of run {run.id} is incomplete or damaged ({error})")
    days = settings.overlap_days
    since = cutoff_utc(run.data_referencia) - timedelta(days=days)
    by_table = {name: {place: counts[name][days] for place, counts in heads.items()} for name in heads[STRAY]}
    return FoundBase(SnapshotBase(snapshot_id, since, days), "", ranges, by_table)


def _why_not(settings: Settings, lake: ArtifactStore, run: Run, ranges: int, *, readmitted_at: datetime | None) -> str:
    """Return why a run's snapshot cannot be gone on from, as far as its plan tells; empty if it can."""
    if not ranges:
        return f"the snapshot of run {run.id} is not in the lake"
    if readmitted_at is not None and run.iniciada_em <= readmitted_at:
        return f"a person was taken in again after run {run.id} began"
    if read_origin(lake, str(run.id)) != origin_of(settings):
        return f"the snapshot of run {run.id} is of other stores or settings"
    if (run.extraidos or 0) > OUTGROWN * settings.range_size * ranges:
        return f"the ranges of run {run.id} have become too large"
    return ""


def _read_heads(
    lake: ArtifactStore, snapshot_id: str, ranges: Sequence[CpfRange]
) -> dict[int, dict[str, tuple[int, ...]]]:
    """Return how many older documents each place holds; in a bucket, reading thousands of manifests is waiting."""
    indexes = {STRAY: None, **{one.index: one.index for one in ranges}}
    with ThreadPoolExecutor(_READERS, thread_name_prefix="instantaneo") as pool:
        read = pool.map(partial(read_heads, lake, snapshot_id), indexes.values())
        return dict(zip(indexes, read, strict=True))
