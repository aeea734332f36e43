"""The judge of a trial: compares all that stands with what undisturbed runs of the same state left.

It trusts no count of the engine's: rows, records, rejects and files are read past it and compared with the truth.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from tests.run_faults.published_state import Content, PublishedState, RunRow

Known = tuple[date, str]
"""A run's reference date and model: what its content follows from."""

MANIFEST = "manifesto.json"


@dataclass(frozen=True, slots=True)
class Truth:
    """What a run of one date and model leaves, by an undisturbed one."""

    rows: list[str]
    rejects: list[str]
    ledger: tuple[Any, ...]
    generation: Content
    files: Mapping[str, str]


def take_truths(state: PublishedState) -> dict[Known, Truth]:
    """Return the truth of every run that stands whole, in Redis too."""
    return {
        (run.as_of, run.model): Truth(
            state.rows[run.id],
            state.rejects[run.id],
            run.content,
            state.generations[run.id],
            _checksums(state, run.id),
        )
        for run in state.runs.values()
        if run.id in state.generations
    }


def find_wrongs(state: PublishedState, truths: Mapping[Known, Truth], *, in_force: Known) -> list[str]:
    """Return all that is not as it has to be, in words; empty if nothing is."""
    return [
        *_wrong_ledger(state, in_force),
        *_wrong_content(state, truths),
        *_wrong_counts(state),
        *_wrong_redis(state, truths),
        *_orphans(state),
        *_wrong_lake(state),
    ]


def _wrong_ledger(state: PublishedState, in_force: Known) -> Iterator[str]:
    current = state.in_force
    if [(run.as_of, run.model) for run in current] != [in_force]:
        yield f"in force: {[(str(run.as_of), run.model) for run in current]}, not {in_force}"
    for run in state.runs.values():
        if run.state == "em_andamento":
            yield f"run {run.id} is still under way"
        if run.state == "falhou" and run.resumable and (run.as_of, run.model) == in_force:
            yield f"run {run.id} failed, was not gone on with and not given up"


def _wrong_content(state: PublishedState, truths: Mapping[Known, Truth]) -> Iterator[str]:
    for run, truth in _kept(state, truths):
        rows = state.rows[run.id]
        if rows != truth.rows:
            yield (
                f"run {run.id}: {len(rows)} rows, of which {len(set(rows) - set(truth.rows))} are wrong;"
                f" {len(set(truth.rows) - set(rows))} of {len(truth.rows)} are missing"
            )
        if (rejects := state.rejects.get(run.id, [])) != truth.rejects:
            yield f"run {run.id}: {len(rejects)} rejects where {len(truth.rejects)} are right, or others"
        if _checksums(state, run.id) != truth.files:
            yield f"run {run.id}: files in the lake differ from the truth"
        if run.content != truth.ledger:
            yield f"run {run.id}: counts or fingerprint in the ledger differ from the truth"


def _wrong_counts(state: PublishedState) -> Iterator[str]:
    for run in state.runs.values():
        if run.id not in state.attached:
            continue
        extracted, scored, insufficient, rejected, counts = run.content[:5]
        if extracted != scored + insufficient + rejected:
            yield f"run {run.id}: {extracted} consumers are not {scored} + {insufficient} + {rejected}"
        if len(state.rows[run.id]) != scored + insufficient:
            yield f"run {run.id}: {len(state.rows[run.id])} rows for {scored + insufficient} consumers"
        tables = json.loads(counts).values()
        for table in tables:
            if table["lidos"] != table["usados"] + sum((*table["ignorados"].values(), *table["rejeitados"].values())):
                yield f"run {run.id}: a table's records do not add up"
        refused = sum(sum(table["rejeitados"].values()) for table in tables)
        if refused != len(state.rejects.get(run.id, [])):
            yield f"run {run.id}: {len(state.rejects.get(run.id, []))} rejects for {refused} refused records"


def _wrong_redis(state: PublishedState, truths: Mapping[Known, Truth]) -> Iterator[str]:
    current = [run.id for run in state.in_force]
    if list(state.pointer[:1]) != current:
        yield f"Redis points to {state.pointer[:1]}, PostgreSQL has {current} in force"
    for run_id in state.pointer:
        run = state.runs.get(run_id)
        generation = state.generations.get(run_id)
        if run is None or generation is None:
            yield f"Redis points to {run_id}, which it does not hold or nobody knows"
        elif generation != truths[run.as_of, run.model].generation:
            yield f"the generation of run {run_id} is not the truth's"


def _orphans(state: PublishedState) -> Iterator[str]:
    published = {run.id for run in state.runs.values() if run.state in ("publicada", "substituida")}
    for run_id in state.rows.keys() - state.attached:
        yield f"PostgreSQL: a table of run {run_id} that is not attached"
    for run_id in state.rows.keys() - published:
        yield f"PostgreSQL: a table of run {run_id}, which is not published"
    for run_id in state.rejects.keys() - published:
        yield f"PostgreSQL: rejects of run {run_id}, which was never published"
    for run_id in {*state.generations, *state.listed_generations} - set(state.pointer):
        yield f"Redis: a generation of run {run_id}, to which nothing points"
    for key in state.unknown_keys:
        yield f"Redis: a key of no run: {key}"
    for version in state.models - {run.model for run in state.runs.values() if run.id in published}:
        yield f"PostgreSQL: model {version}, with which no run was published"


def _wrong_lake(state: PublishedState) -> Iterator[str]:
    folders = {PurePosixPath(path).parent for path in state.lake}
    for path in state.lake:
        parts = PurePosixPath(path).parts
        if path.endswith(".tmp"):
            yield f"lake: an unfinished file {path}"
        if len(parts) == 2 and UUID(parts[1]) not in state.attached:
            yield f"lake: {path} is of a run whose scores are not kept"
    for folder in folders:
        names = [path for path in state.lake if PurePosixPath(path).parent == folder and PurePosixPath(path).suffix]
        if names:
            yield from _wrong_artifact(state, str(folder), names)


def _wrong_artifact(state: PublishedState, folder: str, names: list[str]) -> Iterator[str]:
    manifest = state.lake.get(f"{folder}/{MANIFEST}")
    if manifest is None:
        yield f"lake: {folder} has files and no manifest"
        return
    listed = json.loads(manifest)["arquivos"]
    found = {PurePosixPath(name).name: state.lake[name] for name in names}
    found.pop(MANIFEST)
    if found.keys() != listed.keys():
        yield f"lake: {folder} holds {sorted(found.keys() ^ listed.keys())} against its manifest"
    for name in found.keys() & listed.keys():
        if hashlib.sha256(found[name]).hexdigest() != listed[name]["sha256"]:
            yield f"lake: {folder}/{name} is not what its manifest says"


def _kept(state: PublishedState, truths: Mapping[Known, Truth]) -> Iterator[tuple[RunRow, Truth]]:
    for run_id in state.attached:
        run = state.runs[run_id]
        if (run.as_of, run.model) in truths:
            yield run, truths[run.as_of, run.model]


def _checksums(state: PublishedState, run_id: UUID) -> dict[str, str]:
    return {
        path.replace(str(run_id), "run"): hashlib.sha256(data).hexdigest()
        for path, data in state.lake.items()
        if str(run_id) in path and path.endswith(".parquet")
    }
