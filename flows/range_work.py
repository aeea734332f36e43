"""The work on CPF ranges: extract, build features, score, and leave both as artifacts in the lake.

While one range is worked on and written, the next is read, and no further one.

A range whose artifacts stand whole in the lake (by checksum) is not done again: that is how a killed run
goes on where it was. Damage is found before use, and the range is done anew.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError
from contracts.extraction import CpfRange, Extraction
from extract.extraction import extract_range
from extract.lake import read_extraction, snapshot_path, write_extraction
from extract.sources import Sources
from features.build import build_features, declared_columns
from flows.range_base import RangeBase
from flows.range_summary import RangeSummary, summarize_features, summarize_scores
from flows.read_ahead import read_ahead
from flows.run_plan import RunIdentity
from models.monitoring.cell_counts import CellCounter
from models.monitoring.reference_distribution import counted_distribution
from models.points.apply import apply_points, raw_scores
from models.points.table import PointsTable

FEATURES_FILE = "variaveis.parquet"
SCORES_FILE = "pontuacao.parquet"


@dataclass(frozen=True, slots=True)
class RangeWork:
    """What every range of a run shares."""

    run: RunIdentity
    sources: Sources
    lake: ArtifactStore
    points: PointsTable
    base: RangeBase | None = None


@dataclass(frozen=True, slots=True)
class BegunRange:
    """A range that was read, in so many seconds; a summary in place of its records: nothing is left to do."""

    index: int
    held: Extraction | RangeSummary
    seconds: float = 0.0


def work_ranges(work: RangeWork, cpf_ranges: Iterable[CpfRange]) -> RangeSummary:
    """Return the summary of some ranges; each is read while the one before is worked on and written."""
    total = RangeSummary()
    with closing(read_ahead(partial(begin_range, work), cpf_ranges)) as every:
        for begun in every:
            total += finish_range(work, begun)
    return total


def begin_range(work: RangeWork, cpf_range: CpfRange) -> BegunRange:
    """Return what the lake or else the stores hold of a range."""
    done = finished_summary(work.lake, work.run, cpf_range.index)
    if done is not None:
        return BegunRange(cpf_range.index, done)
    started = time.perf_counter()
    extraction = obtain_extraction(work.sources, work.lake, cpf_range, run=work.run, base=work.base)
    return BegunRange(cpf_range.index, extraction, time.perf_counter() - started)


def finish_range(work: RangeWork, begun: BegunRange) -> RangeSummary:
    """Return the summary of a range that was read, doing only what the lake does not already hold whole."""
    if isinstance(begun.held, RangeSummary):
        return begun.held
    extraction = begun.held
    started = time.perf_counter()
    table = build_features(extraction.tables, work.run.as_of, threads=1)  # ranges are worked on side by side
    built = time.perf_counter()
    counter = CellCounter(work.points)
    scores = apply_points(work.points, table, counter=counter)
    scored = time.perf_counter()
    summary = RangeSummary(
        ranges=1,
        counts=extraction.counts,
        columns=summarize_features(table),
        scores=summarize_scores(scores, raw_scores(work.points, table)),
        seconds={"extrair": begun.seconds, "variaveis": built - started, "pontuar": scored - built},
        distribution=counted_distribution(work.points, counter, scores["score_bruto"].drop_null().to_numpy()),
    )
    _write_scores(work, begun.index, table, scores=scores, summary=summary)
    return summary


def obtain_extraction(
    sources: Sources, lake: ArtifactStore, cpf_range: CpfRange, *, run: RunIdentity, base: RangeBase | None = None
) -> Extraction:
    """Return a range's checked records from the lake if they stand there whole, else from the stores.

    From the lake come only the columns that features are built from. With a base they are those of an earlier
    snapshot and what changed since.
    """
    snapshot_id, index = run.snapshot_id, cpf_range.index
    try:
        manifest = lake.read_manifest(snapshot_path(snapshot_id, index))
        if manifest is not None:
            return read_extraction(lake, snapshot_id, index, columns=declared_columns(), manifest=manifest)
    except DataIntegrityError:
        lake.delete(snapshot_path(snapshot_id, index))
    if base is None:
        extraction = extract_range(sources, cpf_range, as_of=run.as_of)
    else:
        extraction = base.refresh(sources, cpf_range, as_of=run.as_of)
    write_extraction(lake, snapshot_id, index, extraction, as_of=run.as_of)
    return extraction


def finished_summary(lake: ArtifactStore, run: RunIdentity, index: int) -> RangeSummary | None:
    """Return a finished range's summary; None if it is not finished, or is damaged and must be redone."""
    path = run.scores_path(index)
    try:
        if lake.read_manifest(path) is None:
            return None
        lake.verify(snapshot_path(run.snapshot_id, index))
        meta = lake.verify(path).meta
        return RangeSummary.from_json(meta.get("resumo")) if meta.get("modelo") == run.model_version else None
    except DataIntegrityError:
        lake.delete(path)
        return None


def stands(lake: ArtifactStore, path: str) -> bool:
    """Return whether an artifact has a readable manifest; its files are not looked at."""
    try:
        return lake.read_manifest(path) is not None
    except DataIntegrityError:
        return False


def _write_scores(work: RangeWork, index: int, table: pa.Table, *, scores: pa.Table, summary: RangeSummary) -> None:
    meta = {
        "execucao": str(work.run.execucao_id),
        "data_referencia": work.run.as_of.isoformat(),
        "modelo": work.run.model_version,
        "resumo": summary.to_json(),
    }
    work.lake.write(work.run.scores_path(index), {FEATURES_FILE: table, SCORES_FILE: scores}, meta=meta)
