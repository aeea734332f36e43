"""A points table made ready for whole columns: per term one array of points and one of reason keys over flat codes.

Each feature is looked up once a batch, in its finest cells; the codes of a pair are one multiplication and one
addition away. Memory is bounded whatever the table: where sharing would multiply cells, an axis stands by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.points.feature_cells import FeatureCells
from models.points.number_cells import Codes
from models.points.table import Axis, PointsTable, Term

MAX_SHARED_CELLS = 4_096
"""Finest cells of one feature up to which its terms share them."""

MAX_FOLDED_CELLS = 1 << 16
"""Finest cells of a pair up to which its points are spread over them: two bytes a code."""


@dataclass(frozen=True, slots=True)
class TermLookUp:
    """One term: the places of its one or two features' cells, and its points over their flat codes (int32)."""

    sources: tuple[int, ...]
    widths: tuple[int, ...]
    points: npt.NDArray[np.int32]


class LookUp:
    """A points table as arrays; ``term_codes`` gives, for a batch, each term's flat codes in turn."""

    def __init__(self, points: PointsTable) -> None:
        self._sources: list[FeatureCells] = []
        self._places: dict[Axis, int] = {}
        self._share_axes(points)
        self.terms = tuple(self._term(term) for term in points.terms)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the number of finest cells of each source, in the order of ``source_codes``."""
        return tuple(source.count for source in self._sources)

    def place_of(self, axis: Axis) -> int:
        """Return the place, in ``source_codes``, of the cells that an axis's cells are made of."""
        return self._places[axis]

    def cells_of(self, axis: Axis) -> Codes:
        """Return, for each finest cell of an axis's source, the axis's cell that it lies in."""
        return self._sources[self._places[axis]].cells_of(axis)

    def source_codes(self, batch: pa.RecordBatch) -> list[Codes]:
        """Return every source's finest cells, row by row."""
        return [source.codes(batch[source.feature]) for source in self._sources]

    def term_codes(self, batch: pa.RecordBatch) -> Iterator[Codes]:
        """Yield each term's place in its ``points``, row by row; the terms in their order."""
        yield from self.terms_of(self.source_codes(batch))

    def terms_of(self, found: Sequence[Codes]) -> Iterator[Codes]:
        """Yield each term's place in its ``points`` from the sources' codes."""
        for term in self.terms:
            codes = found[term.sources[0]]
            for source, width in zip(term.sources[1:], term.widths[1:], strict=True):
                codes = codes.astype(np.min_scalar_type(len(term.points)))
                codes *= width
                codes += found[source]
            yield codes

    def _share_axes(self, points: PointsTable) -> None:
        by_feature: dict[str, list[Axis]] = {}
        for axis in (axis for term in points.terms for axis in term.axes):
            by_feature.setdefault(axis.feature, []).append(axis)
        for axes in by_feature.values():
            distinct = list(dict.fromkeys(axes))
            together = FeatureCells(distinct)
            if together.count <= MAX_SHARED_CELLS:
                self._add_source(together, distinct)
            else:
                for axis in distinct:
                    self._add_source(FeatureCells([axis]), [axis])

    def _add_source(self, cells: FeatureCells, axes: Sequence[Axis]) -> None:
        self._places |= dict.fromkeys(axes, len(self._sources))
        self._sources.append(cells)

    def _term(self, term: Term) -> TermLookUp:
        places = [self._places[axis] for axis in term.axes]
        counts = [self._sources[place].count for place in places]
        if len(counts) > 1 and counts[0] * counts[1] > MAX_FOLDED_CELLS:
            places = [self._own_place(axis) for axis in term.axes]
            counts = list(term.shape)
        cells = [self._sources[place].cells_of(axis) for place, axis in zip(places, term.axes, strict=True)]
        spread = term.grid()[np.ix_(*cells)].astype(np.int32).ravel()
        return TermLookUp(tuple(places), tuple(counts), spread)

    def _own_place(self, axis: Axis) -> int:
        self._sources.append(FeatureCells([axis]))
        return len(self._sources) - 1


@lru_cache(maxsize=2)
def look_up(points: PointsTable) -> LookUp:
    """Return a table made ready, once for the batches of a run; a champion and a challenger are kept at a time."""
    return LookUp(points)
