"""The ranges of an incremental run: each from its base snapshot and the staged changes, or, failing that, whole."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError
from contracts.extraction import CpfRange, Extraction
from contracts.table_declaration import Store
from contracts.tables import tables_of
from extract.asides import RESTORED
from extract.event_changes import STRAY
from extract.extraction import extract_range, extract_strays
from extract.incremental import Earlier, refresh_range, refresh_strays
from extract.lake import read_base, read_whole
from extract.sources import Sources
from flows.changes import Changes
from flows.run_plan import RunIdentity, SnapshotBase, read_plan_base

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RangeBase:
    """A base snapshot and the changes since, for one process's ranges."""

    lake: ArtifactStore
    base: SnapshotBase
    changes: Changes

    def refresh(self, sources: Sources, cpf_range: CpfRange, *, as_of: date) -> Extraction:
        """Return a range as the stores hold it now; it names the tables that had to be read whole for it."""
        try:
            earlier = self._earlier(cpf_range.index)
        except DataIntegrityError as error:
            _LOG.warning("range %d is read whole: %s", cpf_range.index, error)
            whole = tuple(table.name for table in RESTORED)
            return replace(extract_range(sources, cpf_range, as_of=as_of), read_whole=whole)
        return refresh_range(sources, cpf_range, earlier, as_of=as_of)

    def refresh_strays(self, sources: Sources, *, as_of: date) -> Extraction:
        """Return what no range holds; it names the collections that had to be read whole for it."""
        try:
            earlier = self._earlier(STRAY)
        except DataIntegrityError as error:
            _LOG.warning("the strays are read whole: %s", error)
            whole = tuple(table.name for table in tables_of(Store.C))
            return replace(extract_strays(sources, as_of=as_of), read_whole=whole)
        return refresh_strays(sources, earlier, as_of=as_of)

    def _earlier(self, place: int) -> Earlier:
        snapshot = read_base(self.lake, self.base.snapshot_id, None if place == STRAY else place)
        heads = {name: counts[self.base.overlap_days] for name, counts in snapshot.heads.items()}
        return Earlier(snapshot, self.changes.tails(place), self.base.since, self.changes.reread(place), heads)


def open_base(lake: ArtifactStore, run: RunIdentity) -> RangeBase | None:
    """Return what a run's ranges go on from; None in a run that reads everything."""
    base = read_plan_base(lake, run.snapshot_id)
    return None if base is None else RangeBase(lake, base, Changes(lake, run.snapshot_id))


def describe_reading(lake: ArtifactStore, run: RunIdentity, base: SnapshotBase, ranges: Sequence[CpfRange]) -> str:
    """Return in a sentence what a run read: from which base, since when, and what it had to read whole."""
    whole: Counter[str] = Counter()
    for one in ranges:
        whole.update(read_whole(lake, run.snapshot_id, one.index) or ())
    listed = ", ".join(f"{name} in {number}" for name, number in sorted(whole.items()))
    listed = f"{listed} of {len(ranges)} ranges" if listed else "none"
    return (
        f"incremental, from run {base.snapshot_id}, since {base.since.isoformat()} UTC"
        f"; read whole where counts differed or files were damaged: {listed}"
    )
