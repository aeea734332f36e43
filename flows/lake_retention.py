"""What stays in the lake after a run: the data of runs that are kept or may be gone on with, and nothing else.

Snapshots, features and scores are personal data. Those of runs beyond retention, of runs that a gate stopped or
that were abandoned, and of trainings that were killed, go.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from contracts.artifacts import ArtifactStore
from flows.run_plan import changes_root
from stores.ledger import PUBLISHED, Run

RUN_FOLDERS = ("snapshots", "scores")
TRAINING_FOLDERS = ("snapshots", "training")
TRAINING_PREFIX = "treino-"


def is_needed(run: Run, *, now: datetime, resume_within: timedelta) -> bool:
    """Return whether a run's data may still be read: it was published, is under way, or may be gone on with."""
    if run.situacao != "falhou":
        return True
    return run.retomavel and now - run.iniciada_em <= resume_within


def clear_lake(lake: ArtifactStore, needed: Collection[UUID], *, now: datetime, training_within: timedelta) -> int:
    """Delete the data of every run not in ``needed`` and of trainings older than allowed; return how many folders."""
    kept = {str(run_id) for run_id in needed}
    unneeded = [(folder, name) for folder in RUN_FOLDERS for name in lake.list(folder) if _is_run(name, kept)]
    unneeded += [
        (folder, name)
        for folder in TRAINING_FOLDERS
        for name in lake.list(folder)
        if name.startswith(TRAINING_PREFIX) and now - _made_at(name) > training_within
    ]
    for folder, name in unneeded:
        lake.delete(f"{folder}/{name}")
    return len(unneeded)


def drop_changes(lake: ArtifactStore, runs: Sequence[Run], needed: Collection[UUID]) -> None:
    """Delete what incremental runs had laid out to read; one that is published needs it no longer, however it ended."""
    for run in runs:
        if run.id in needed and run.situacao in PUBLISHED:
            lake.delete(changes_root(str(run.id)))


def _is_run(name: str, kept: Collection[str]) -> bool:
    return not name.startswith(TRAINING_PREFIX) and name not in kept


def _made_at(name: str) -> datetime:
    """Return when a training's snapshot was begun, from its UUIDv7."""
    milliseconds = UUID(name.removeprefix(TRAINING_PREFIX)).int >> 80
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
