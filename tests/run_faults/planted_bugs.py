"""Five deliberate bugs, planted in a forked run: what the checker of the fault runs has to catch.

Each leaves the run content with itself: it ends with exit code 0, its stores hold equal numbers, no gate is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa

import flows.range_work
from contracts.artifacts import ArtifactStore
from contracts.extraction import CpfRange, Extraction, TableCounts
from flows.range_work import SCORES_FILE
from serve.publishing.generations import Generations
from serve.publishing.publish import Publisher


def plant(name: str | None) -> None:
    """Plant a bug, or none."""
    if name is not None:
        BUGS[name]()


def _lose_a_range() -> None:
    """Lost when the run is planned: every count of the run itself agrees."""
    plan = flows.score.plan_ranges

    def losing(*arguments: Any, **options: Any) -> tuple[CpfRange, ...]:
        return plan(*arguments, **options)[:-1]

    flows.score.plan_ranges = losing


def _double_a_range() -> None:
    """Rows cannot be doubled: the primary key forbids it. What a range leaves beside them can."""
    stage = Publisher.stage_rejects

    def twice(publisher: Publisher, rejects: pa.Table) -> None:
        stage(publisher, rejects)
        stage(publisher, rejects)

    Publisher.stage_rejects = twice  # type: ignore[method-assign]


def _mix_publications() -> None:
    read = ArtifactStore.read_table

    def mixing(store: ArtifactStore, path: str, name: str, *arguments: Any, **options: Any) -> pa.Table:
        if name == SCORES_FILE and path.endswith("faixa-00001"):
            run = path.split("/")[1]
            other = next(one for one in store.list("scores") if one != run)
            path = path.replace(run, other)
        return read(store, path, name, *arguments, **options)

    ArtifactStore.read_table = mixing  # type: ignore[assignment, method-assign]


def _leave_redis_behind() -> None:
    Generations.point_to = lambda _self, _pointer: None  # type: ignore[method-assign]


def _reject_silently() -> None:
    extract = flows.range_work.extract_range

    def silent(*arguments: Any, **options: Any) -> Extraction:
        found = extract(*arguments, **options)
        if not len(found.rejects):
            return found
        table = found.rejects["tabela"][0].as_py()
        rule = found.rejects["regra"][0].as_py()
        counts = found.counts[table].to_json()
        counts["lidos"] -= 1
        counts["rejeitados"] = {name: n - (name == rule) for name, n in counts["rejeitados"].items()}
        counts["rejeitados"] = {name: n for name, n in counts["rejeitados"].items() if n}
        fewer = {**found.counts, table: TableCounts.from_json(counts)}
        return replace(found, rejects=found.rejects.slice(1), counts=fewer)

    flows.range_work.extract_range = silent


BUGS: dict[str, Callable[[], None]] = {
    "a lost range": _lose_a_range,
    "a doubled range": _double_a_range,
    "a mixed publication": _mix_publications,
    "a stale Redis generation": _leave_redis_behind,
    "a silent reject": _reject_silently,
}
