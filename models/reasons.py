"""Reasons: the strongest points of each score, exact because they are the score's own summands.

Every (term, bin) gets an integer key: its absolute points first, then the term's place by code, then its sign.
Keeping the four greatest keys of a row keeps its four strongest reasons, ties by code, without a sort a row.
A bin of zero points has key 0 and is never a reason.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.score_scale import MAX_REASONS, REASON_TYPE, SCORES_SCHEMA
from models.scorecard import MAX_POINTS, MAX_TERMS, Scorecard

Keys = npt.NDArray[np.int32]

_PLACES = 1 << (MAX_TERMS - 1).bit_length()
_POINTS_SHIFT = 2 * _PLACES
assert MAX_POINTS * _POINTS_SHIFT + _POINTS_SHIFT < 2**31


def reason_keys(scorecard: Scorecard) -> list[Keys]:
    """Return the key of every bin of every term, in the order of ``scorecard.terms`` and ``Term.all_points``."""
    codes = sorted(term.code for term in scorecard.terms)
    place = {code: len(codes) - 1 - rank for rank, code in enumerate(codes)}
    keys = []
    for term in scorecard.terms:
        points = np.array(term.all_points, dtype=np.int32)
        packed = np.abs(points) * _POINTS_SHIFT + 2 * place[term.code] + (points > 0)
        keys.append(np.where(points == 0, 0, packed).astype(np.int32))
    return keys


class StrongestReasons:
    """The four strongest reasons so far of each of a batch's rows; ``add`` takes one term's keys at a time."""

    def __init__(self, rows: int) -> None:
        self._strongest = [np.zeros(rows, np.int32) for _ in range(MAX_REASONS)]

    def add(self, keys: Keys) -> None:
        """Take in one term's key of every row."""
        carried = keys
        for place, held in enumerate(self._strongest):
            self._strongest[place] = np.maximum(held, carried)
            carried = np.minimum(held, carried)

    def to_arrow(self, scorecard: Scorecard, has_score: npt.NDArray[np.bool_]) -> pa.Array:
        """Return ``motivos``: one list a row, strongest first, empty where there is no score."""
        keys = np.column_stack(self._strongest) * has_score[:, None]
        counts = np.count_nonzero(keys, axis=1)
        flat = keys[keys > 0]
        points = flat // _POINTS_SHIFT * np.where(flat % 2 == 1, 1, -1)
        by_place = pa.array(sorted((term.code for term in scorecard.terms), reverse=True), pa.string())
        codes = by_place.take(pa.array(flat % _POINTS_SHIFT // 2))
        fields = [REASON_TYPE.field("codigo"), REASON_TYPE.field("pontos")]
        items = pa.StructArray.from_arrays([codes, pa.array(points, pa.int16())], fields=fields)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), items, type=SCORES_SCHEMA.field("motivos").type)
