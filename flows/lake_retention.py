"""What stays in the lake after a run: the data of runs that are kept or may be gone on with, and nothing else.

Snapshots, features and scores are personal data. Those of runs beyond retention, of runs that a gate stopped or
that were abandoned, and of trainings that were killed, go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from contracts.artifacts import ArtifactStore
from flows.run_plan import changes_root
from stores.ledger import PUBLISHED, Run

RUN_FOLDERS = ("snapshots", "scores")
TRAINING_FOLDERS = ("snapshots", "training")
TRAINING_PREFIX = "treino-"


def is_needed(run: Run, stored: Collection[UUID], *, now: datetime, resume_within: timedelta) -> bool:
    """Return whether a run's data may still be read: it is under way, may be gone on with, or its scores are kept.

    ``stored`` are the runs whose scores PostgreSQL holds, read after the run was.
    """
    if run.situacao in PUBLISHED:
        return run.id in stored
    if run.situacao == "em_andamento":
        return True
    return run.retomavel and now - run.iniciada_em <= resume_within


def clear_lake(
    lake: ArtifactStore, find_needed: Callable[[], Collection[UUID]], *, now: datetime, training_within: timedelta
) -> int:
    """Delete the data of every run that is not needed and of trainings older than allowed; return how many folders.

    ``find_needed`` is asked after the folders were listed: a run is entered in the ledger before it has a folder, so
    the folders of one that begins meanwhile are left alone.
    """
    found = [(folder, name) for folder in RUN_FOLDERS for name in lake.list(folder)]
    kept = {str(run_id) for run_id in find_needed()}
    unneeded = [(folder, name) for folder, name in found if _is_run(name, kept)]
    unneeded += [
        (folder, name)
        for folder in TRAINING_FOLDERS
        for name in lake.list(folder)
        if name.startswith(TRAINING_PREFIX) and (made := _made_at(name)) is not None and now - made > training_within
    ]
    for folder, name in unneeded:
        lake.delete(f"{folder}/{name}")
    return len(unneeded)


def drop_changes(lake: ArtifactStore, needed: Iterable[Run]) -> None:
    """Delete what incremental runs had laid out to read; one that is published needs it no longer, however it ended."""
    for run in needed:
        if run.situacao in PUBLISHED:
            lake.delete(changes_root(str(run.id)))


def _is_run(name: str, kept: Collection[str]) -> bool:
    return not name.startswith(TRAINING_PREFIX) and name not in kept


def _made_at(name: str) -> datetime | None:
    """Return when a training's snapshot was begun, from its UUIDv7; None for a folder that no training made."""
    try:
        milliseconds = UUID(name.removeprefix(TRAINING_PREFIX)).int >> 80
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError):
        return None
