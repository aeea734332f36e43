"""What waits in a journal's folder: measured from the files alone, so that it is known with PostgreSQL down too."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from serve.auditing.entry import AuditLag
from serve.auditing.segment import segment_paths
from serve.auditing.segment_reader import SegmentReader, reading


@dataclass(frozen=True, slots=True)
class SegmentState:
    """One segment: its file, whether its writer lives, its bytes, those that wait, and since when."""

    path: Path
    is_live: bool
    size: int
    waiting: int
    since: datetime | None


def measure(folder: Path, shipped: Mapping[UUID, int]) -> list[SegmentState]:
    """Return the state of each segment; of one that ``shipped`` (bytes by segment) does not name, all waits."""
    states = []
    for path in segment_paths(folder):
        with suppress(OSError), reading(path) as segment:
            states.append(_state_of(segment, shipped))
    return states


def _state_of(segment: SegmentReader, shipped: Mapping[UUID, int]) -> SegmentState:
    if segment.header is None:
        return SegmentState(segment.path, not segment.is_over, segment.size, segment.size, None)
    done = max(shipped.get(segment.header.id, 0), segment.header.size)
    waiting = max(segment.size - done, 0)
    return SegmentState(segment.path, not segment.is_over, segment.size, waiting, segment.waiting_since(done))


def lag_of(states: list[SegmentState]) -> AuditLag:
    """Return what waits in all segments together."""
    oldest = min((state.since for state in states if state.since is not None), default=None)
    age = 0.0 if oldest is None else max((datetime.now(UTC) - oldest).total_seconds(), 0.0)
    return AuditLag(sum(state.waiting for state in states), age)
