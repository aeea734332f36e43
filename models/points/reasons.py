"""Reasons: the strongest points of each score, exact because they are the score's own summands.

Every reason that a table can give (a term and its points there) gets a rank: by absolute points, then by the term's
code, then by sign. Keeping the four greatest ranks of a row keeps its four strongest reasons, ties by code, without
a sort a row. A cell of zero points has rank 0 and is never a reason.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.score_scale import MAX_REASONS, REASON_TYPE, SCORES_SCHEMA
from models.points.table import PointsTable

Ranks: TypeAlias = npt.NDArray[np.integer[Any]]


class ReasonRanks:
    """The rank of every reason that a points table can give, and what each rank stands for."""

    def __init__(self, table: PointsTable) -> None:
        places = {code: place for place, code in enumerate(sorted((term.code for term in table.terms), reverse=True))}
        reasons = {(abs(p), places[term.code], p > 0): (term.code, p) for term in table.terms for p in term.points if p}
        ordered = [("", 0), *(reasons[key] for key in sorted(reasons))]
        self._rank = {reason: rank for rank, reason in enumerate(ordered)}
        self._codes = pa.array([code for code, _ in ordered], pa.string())
        self._points = pa.array([points for _, points in ordered], pa.int16())
        self._dtype = np.min_scalar_type(len(ordered))

    def ranks_of(self, code: str, points: npt.NDArray[np.int32]) -> Ranks:
        """Return the rank of each of one term's points."""
        distinct, places = np.unique(points, return_inverse=True)
        ranks = [self._rank[(code, p)] if p else 0 for p in distinct.tolist()]
        found: Ranks = np.array(ranks, self._dtype)[places]
        return found

    def no_reasons(self, rows: int) -> StrongestReasons:
        """Return the reasons of as many rows, none yet."""
        return StrongestReasons([np.zeros(rows, self._dtype) for _ in range(MAX_REASONS)])

    def to_arrow(self, strongest: StrongestReasons, has_score: npt.NDArray[np.bool_]) -> pa.Array:
        """Return ``motivos``: one list a row, strongest first, empty where there is no score."""
        ranks = np.column_stack(strongest.ranks)
        ranks[~has_score] = 0
        given = ranks > 0
        flat = pa.array(ranks[given])
        fields = [REASON_TYPE.field("codigo"), REASON_TYPE.field("pontos")]
        items = pa.StructArray.from_arrays([self._codes.take(flat), self._points.take(flat)], fields=fields)
        offsets = np.zeros(len(ranks) + 1, np.int32)
        np.cumsum(np.count_nonzero(given, axis=1), out=offsets[1:])
        return pa.ListArray.from_arrays(pa.array(offsets), items, type=SCORES_SCHEMA.field("motivos").type)


class StrongestReasons:
    """The four strongest reasons so far of each of a batch's rows, by rank; ``add`` takes one term at a time."""

    def __init__(self, ranks: list[Ranks]) -> None:
        self.ranks = ranks

    def add(self, ranks: Ranks) -> None:
        """Take in one term's rank of every row."""
        for held in self.ranks[:-1]:
            weaker = np.minimum(held, ranks)
            np.maximum(held, ranks, out=held)
            ranks = weaker
        np.maximum(self.ranks[-1], ranks, out=self.ranks[-1])
