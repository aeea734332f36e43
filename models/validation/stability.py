"""Whether later rows look like those of the fit: stability indices of the score and of every feature.

PSI of the score over the deciles of the fit, CSI of a feature over the model's own cells (``population_stability``, the
figure that monitoring follows too), each with its interval and with what chance alone would show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.monitoring.cell_counts import feature_axes
from models.monitoring.population_stability import population_stability
from models.points.cell_codes import axis_codes
from models.points.table import PointsTable
from models.validation.evaluate import Counts, Integers, equal_groups
from models.validation.intervals import Interval, Resampling, normal_interval
from models.validation.judged import JudgedRows

SIGNIFICANCE = 0.001
"""How often chance alone may exceed the limit published beside an index: of sixty features, one in some sixteen
models."""

BLOCK_CONSUMERS = 2_048
"""Consumers counted at a time: a block of 2,000 cells is then 16 MB."""


@dataclass(frozen=True, slots=True)
class StabilityFigures:
    """An index between the fit and later rows; ``name`` is a feature's, or ``score``.

    ``chance_limit`` is what two samples of one population exceed once in a thousand, a consumer's rows taken
    together. ``missing_then`` and ``missing_now`` are the feature's shares of missing values, None of the score.
    """

    name: str
    index: Interval | None
    chance_limit: float | None
    missing_then: float | None
    missing_now: float | None


@dataclass(frozen=True, eq=False)
class _Coded:
    """Rows as cells: one array of cell codes a figure, and the number of cells of each."""

    names: tuple[str, ...]
    codes: tuple[Integers, ...]
    sizes: tuple[int, ...]


def measure_stability(
    points: PointsTable,
    then: tuple[JudgedRows, pa.Table],
    now: tuple[JudgedRows, pa.Table],
    *,
    seed: int,
) -> tuple[StabilityFigures, ...]:
    """Return the index of the score, then of every feature of the model in order of use.

    ``then`` and ``now`` are judged rows and the table of their features, row by row.
    """
    sides = [_code(points, then[0], *side) for side in (then, now)]
    drawn = [
        _draw(side, Resampling(rows.consumer, seed=seed + shift))
        for shift, (side, (rows, _)) in enumerate(zip(sides, (then, now), strict=True))
    ]
    observed = [_split(_observe(side), side.sizes) for side in sides]
    replicates = [_split(counts, side.sizes) for counts, side in zip(drawn, sides, strict=True)]
    return tuple(_figures(name, *found) for name, *found in zip(sides[0].names, *observed, *replicates, strict=True))


def _code(points: PointsTable, reference: JudgedRows, rows: JudgedRows, table: pa.Table) -> _Coded:
    """Return the cells of each row's score, by the reference's deciles, and of each feature."""
    axes = feature_axes(points)
    group = equal_groups(reference.counts.sum(axis=1))
    uppers = reference.scores[np.flatnonzero(np.diff(group))]
    codes: list[Integers] = [np.searchsorted(uppers, rows.raw_score)]
    codes += [axis_codes(axis, table[name]) for name, axis in axes.items()]
    return _Coded(("score", *axes), tuple(codes), (len(uppers) + 1, *(axis.cells for axis in axes.values())))


def _observe(side: _Coded) -> Counts:
    counts = [np.bincount(code, minlength=size) for code, size in zip(side.codes, side.sizes, strict=True)]
    return np.concatenate(counts).astype(np.float64)[None]


def _draw(side: _Coded, resampling: Resampling) -> Counts:
    """Return all the counts under every replicate: (replicates, cells of all figures together).

    Weights times each consumer's own counts, a block of consumers at a time; sums of integers below 2^24, which a
    float32 holds exactly, so that the order of a product's sums does not matter.
    """
    offsets = np.concatenate([[0], np.cumsum(side.sizes)])
    order = np.argsort(resampling.place, kind="stable")
    place = resampling.place[order]
    codes = np.stack([code[order] + offset for code, offset in zip(side.codes, offsets, strict=False)], axis=1)
    total = np.zeros((len(resampling.weights), offsets[-1]))
    for first, start, stop in _blocks(place, resampling.consumers):
        flat = (place[start:stop] - first)[:, None] * offsets[-1] + codes[start:stop]
        size = min(BLOCK_CONSUMERS, resampling.consumers - first)
        own = np.bincount(flat.ravel(), minlength=size * offsets[-1]).reshape(size, -1).astype(np.float32)
        total += resampling.weights[:, first : first + size].astype(np.float32) @ own
    return total


def _blocks(place: Integers, consumers: int) -> Iterator[tuple[int, int, int]]:
    """Yield the first consumer, and the first and last row, of each block; ``place`` is sorted."""
    for first in range(0, consumers, BLOCK_CONSUMERS):
        start, stop = np.searchsorted(place, [first, first + BLOCK_CONSUMERS])
        yield first, int(start), int(stop)


def _split(counts: Counts, sizes: tuple[int, ...]) -> list[Counts]:
    return np.split(counts, np.cumsum(sizes)[:-1], axis=1)


def _figures(name: str, before: Counts, after: Counts, drawn_before: Counts, drawn_after: Counts) -> StabilityFigures:
    found = population_stability(before[0].astype(np.int64), after[0].astype(np.int64), significance=SIGNIFICANCE)
    is_feature = name != "score"
    shares = [
        float(counts[0, -1] / counts.sum()) if is_feature and counts.sum() else None for counts in (before, after)
    ]
    if found is None:
        return StabilityFigures(name, None, None, *shares)
    pairs = zip(drawn_before.astype(np.int64), drawn_after.astype(np.int64), strict=True)
    drawn = [population_stability(one, other, significance=SIGNIFICANCE) for one, other in pairs]
    values = np.array([np.nan if one is None else one.value for one in drawn])
    # Replicates lie above the figure by what chance adds; beyond independent rows, that is how consumers' rows agree.
    widening = max(1.0, (float(np.nanmean(values)) - found.value) / found.chance_mean) if found.chance_mean else 1.0
    return StabilityFigures(
        name, normal_interval(found.value, values, lowest=0.0), round(found.chance_limit * widening, 8), *shares
    )
