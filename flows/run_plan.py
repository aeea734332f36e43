"""A run's identity and plan: which date, model and CPF ranges, where its artifacts lie, how ranges are grouped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from contracts.artifacts import ArtifactStore
from contracts.documents import reading_document
from contracts.extraction import CpfRange

MAX_TASKS = 200
"""Prefect tasks of one step; some 2,000 destabilised a server (Prefect #18883)."""

_PLAN_FILE = "plano.json"


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What names a run everywhere: only ids, a date and a version, so that tasks may carry it."""

    execucao_id: UUID
    as_of: date
    model_version: str

    @property
    def snapshot_id(self) -> str:
        """Return the id of the run's snapshot in the lake."""
        return str(self.execucao_id)

    def scores_path(self, index: int) -> str:
        """Return where features and scores of one range lie."""
        return f"{scores_root(self.execucao_id)}/faixa-{index:05d}"


def scores_root(execucao_id: UUID) -> str:
    """Return the folder of a run's features and scores."""
    return f"scores/{execucao_id}"


def snapshot_root(snapshot_id: object) -> str:
    """Return the folder of a snapshot: the plan, the ranges and the strays."""
    return f"snapshots/{snapshot_id}"


def changes_root(snapshot_id: object) -> str:
    """Return the folder where an incremental run lays out the latest events, by range."""
    return f"{snapshot_root(snapshot_id)}/mudancas"


def _plan_path(snapshot_id: str) -> str:
    return f"{snapshot_root(snapshot_id)}/plano"


@dataclass(frozen=True, slots=True)
class SnapshotBase:
    """What an incremental run starts from: an earlier snapshot, and the instant (UTC) since which stores are read."""

    snapshot_id: str
    since: datetime
    overlap_days: int = 0


def write_plan(
    lake: ArtifactStore,
    snapshot_id: str,
    ranges: Sequence[CpfRange],
    *,
    origin: str = "",
    base: SnapshotBase | None = None,
) -> None:
    """Store the ranges of a snapshot; they bound CPFs, so they stay in the lake.

    ``origin`` tells of which stores and settings the snapshot is; ``base``, from which one it is continued.
    """
    body = {"faixas": [[cpf_range.index, cpf_range.lower, cpf_range.upper] for cpf_range in ranges]}
    meta: dict[str, Any] = {"faixas": len(ranges), "origem": origin}
    if base is not None:
        meta["base"] = {
            "instantaneo": base.snapshot_id,
            "desde": base.since.isoformat(),
            "sobreposicao": base.overlap_days,
        }
    lake.write(_plan_path(snapshot_id), {_PLAN_FILE: body}, meta=meta)


def read_origin(lake: ArtifactStore, snapshot_id: str) -> str:
    """Return of which stores and settings a snapshot is; empty where its plan does not tell."""
    manifest = lake.read_manifest(_plan_path(snapshot_id))
    return "" if manifest is None else str(manifest.meta.get("origem", ""))


def read_plan_base(lake: ArtifactStore, snapshot_id: str) -> SnapshotBase | None:
    """Return from which snapshot one is continued; None where everything is read from the stores."""
    manifest = lake.read_manifest(_plan_path(snapshot_id))
    body = None if manifest is None else manifest.meta.get("base")
    if body is None:
        return None
    with reading_document(_plan_path(snapshot_id)):
        since = datetime.fromisoformat(body["desde"])
        if since.tzinfo is not None or type(body["sobreposicao"]) is not int:
            raise TypeError("not an instant in UTC, or no number of days")
        return SnapshotBase(str(body["instantaneo"]), since, body["sobreposicao"])


def read_plan(lake: ArtifactStore, snapshot_id: str) -> tuple[CpfRange, ...] | None:
    """Return the stored ranges of a snapshot, or None where no plan was finished."""
    if lake.read_manifest(_plan_path(snapshot_id)) is None:
        return None
    body = lake.read_json(_plan_path(snapshot_id), _PLAN_FILE)
    with reading_document(f"{_plan_path(snapshot_id)}/{_PLAN_FILE}"):
        return tuple(_read_range(index, *bounds) for index, *bounds in body["faixas"])


def _read_range(index: object, lower: object, upper: object) -> CpfRange:
    if type(index) is not int or not isinstance(lower, str | None) or not isinstance(upper, str | None):
        raise TypeError("not a range of CPFs")
    return CpfRange(index, lower, upper)


def group_ranges(count: int, *, max_tasks: int = MAX_TASKS) -> list[list[int]]:
    """Return the indexes ``0..count-1`` in at most ``max_tasks`` groups, whose sizes fall evenly to about one.

    Every range has as many consumers as the next, so a group's size is its work. Groups of one size leave workers idle
    while the last are done; small ones at the end fill in (trapezoid self-scheduling, Tzen and Ni 1993).

    >>> group_ranges(3), group_ranges(8, max_tasks=3)
    ([[0], [1], [2]], [[0, 1, 2, 3], [4, 5], [6, 7]])
    """
    groups = min(count, max_tasks)
    edges = [k + round((count - groups) * (1 - (1 - k / groups) ** 2)) for k in range(groups + 1)] if groups else [0]
    return [list(range(start, end)) for start, end in pairwise(edges)]
