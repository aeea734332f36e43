"""Applying a points table: a feature table in, scores with probability, band and exact reasons out.

Table look-up on whole columns, a batch of rows at a time: no Python object a row, memory flat in the number of
rows but for the result, and every row's result independent of the rows around it and of the number of threads.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import DataIntegrityError
from contracts.score_scale import BAND_UPPER_SCORES, SCORE_MAX, SCORE_MIN, SCORES_SCHEMA, Status
from models.monitoring.cell_counts import CellCounter
from models.points.look_up import LookUp, look_up
from models.points.reasons import ReasonRanks
from models.points.table import PointsTable

BATCH_ROWS = 65_536
"""Rows at a time: few enough that a column stays in the cache, enough that two threads seldom meet at Python's lock."""

ROW_COLUMNS = ("cpf", "cliente_id", "sem_dados")
"""Columns that every feature table has beside the features."""

BATCHES_AHEAD = 2
"""Batches a thread may be ahead of the reader: enough to keep it busy, few enough to keep memory flat."""

_BANDS = pa.array([band.value for band, _ in BAND_UPPER_SCORES])
_BAND_OF_SCORE = np.searchsorted([upper for _, upper in BAND_UPPER_SCORES], np.arange(SCORE_MAX + 1)).astype(np.uint8)


def apply_points(
    points: PointsTable, table: pa.Table, *, threads: int = 1, counter: CellCounter | None = None
) -> pa.Table:
    """Return ``SCORES_SCHEMA``, one row a row of ``table`` in the same order, the same bytes for any ``threads``.

    ``table`` holds ``cpf``, ``cliente_id``, ``sem_dados`` and the features; other columns are ignored, a null or
    NaN is missing, an unknown category is "other". DataIntegrityError lists columns that are not there. A
    ``counter`` counts the rows that get a score by the cells of the features.
    """
    _check_columns(points, table, ROW_COLUMNS)
    batches = score_batches(points, table.to_batches(), threads=threads, counter=counter)
    return pa.Table.from_batches(batches, SCORES_SCHEMA).combine_chunks()


def score_batches(
    points: PointsTable,
    batches: Iterable[pa.RecordBatch],
    *,
    threads: int = 1,
    counter: CellCounter | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the scores of a stream of batches in order, holding no more than a few of them at a time."""
    scorer = _scorer(points)
    if threads == 1:
        yield from (scorer.score(piece, counter) for piece in _pieces(points, batches))
        return
    waiting: deque[Future[pa.RecordBatch]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for piece in _pieces(points, batches):
            waiting.append(pool.submit(scorer.score, piece, counter))
            if len(waiting) > threads * BATCHES_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def contributions(points: PointsTable, table: pa.Table) -> pa.Table:
    """Return each term's points as one int16 column named by its code, row by row as in ``table``.

    ``base_points`` plus a row's columns is its ``score_bruto``, exactly; where there is no score all are null.
    """
    _check_columns(points, table, ("sem_dados",))
    no_score = ~_has_score(table["sem_dados"])
    columns = {code: pa.array(part, pa.int16(), mask=no_score) for code, part in term_points(points, table).items()}
    schema = pa.schema([pa.field(term.code, pa.int16()) for term in points.terms])
    return pa.table(columns, schema=schema)


def raw_scores(points: PointsTable, table: pa.Table) -> npt.NDArray[np.int32]:
    """Return each row's unclipped score; ``table`` needs to hold the features alone."""
    total = np.full(table.num_rows, points.base_points, np.int32)
    for start, parts in _points_by_batch(points, table):
        for part in parts:
            total[start : start + len(part)] += part
    return total


def term_points(points: PointsTable, table: pa.Table) -> dict[str, npt.NDArray[np.int16]]:
    """Return each term's points of every row, by its code; ``table`` needs to hold the features alone."""
    found = {term.code: np.zeros(table.num_rows, np.int16) for term in points.terms}
    for start, parts in _points_by_batch(points, table):
        for code, part in zip(found, parts, strict=True):
            found[code][start : start + len(part)] = part
    return found


class _Scorer:
    """Scores batches with one points table; threads may share it."""

    def __init__(self, points: PointsTable) -> None:
        self._points = points
        self._look_up: LookUp = look_up(points)
        self._ranks = ReasonRanks(points)
        self._term_ranks = [
            self._ranks.ranks_of(term.code, found.points)
            for term, found in zip(points.terms, self._look_up.terms, strict=True)
        ]

    def score(self, batch: pa.RecordBatch, counter: CellCounter | None = None) -> pa.RecordBatch:
        """Return the scores of one batch; a counter counts its rows."""
        raw = np.full(batch.num_rows, self._points.base_points, np.int32)
        strongest = self._ranks.no_reasons(batch.num_rows)
        has_score, cells = _has_score(batch["sem_dados"]), self._look_up.source_codes(batch)
        if counter is not None:
            counter.add(cells, has_score)
        codes_of_terms = self._look_up.terms_of(cells)
        for term, ranks, codes in zip(self._look_up.terms, self._term_ranks, codes_of_terms, strict=True):
            places = codes.astype(np.intp, copy=False)
            raw += term.points.take(places, mode="clip")
            strongest.add(ranks.take(places, mode="clip"))
        score = np.clip(raw, SCORE_MIN, SCORE_MAX)
        is_scored = pa.array(has_score)
        columns = [
            batch["cliente_id"],
            batch["cpf"],
            pa.array(score, pa.int16(), mask=~has_score),
            pa.array(raw, pa.int32(), mask=~has_score),
            pa.array(self._points.scale.probability(raw), pa.float32(), mask=~has_score),
            _BANDS.take(pa.array(_BAND_OF_SCORE[score], mask=~has_score)),
            pc.if_else(is_scored, Status.OK.value, Status.INSUFFICIENT_DATA.value),
            self._ranks.to_arrow(strongest, has_score),
        ]
        return pa.record_batch(columns, schema=SCORES_SCHEMA)


@lru_cache(maxsize=2)
def _scorer(points: PointsTable) -> _Scorer:
    """Return a table's scorer, made once for the ranges of a run (0.2 s of a hundred ranges otherwise)."""
    return _Scorer(points)


def _points_by_batch(points: PointsTable, table: pa.Table) -> Iterator[tuple[int, Iterator[npt.NDArray[np.int32]]]]:
    """Yield a batch's first row and its points, term after term."""
    _check_columns(points, table, ())
    found, start = look_up(points), 0
    for batch in table.select(points.features).to_batches(max_chunksize=BATCH_ROWS) if points.terms else ():
        terms = zip(found.terms, found.term_codes(batch), strict=True)
        yield start, (term.points.take(codes, mode="clip") for term, codes in terms)
        start += batch.num_rows


def _pieces(points: PointsTable, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    names = [*dict.fromkeys((*ROW_COLUMNS, *points.features))]
    for batch in batches:
        _check_columns(points, batch, ROW_COLUMNS)
        needed = batch.select(names)
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield needed.slice(start, BATCH_ROWS)


def _check_columns(points: PointsTable, table: pa.Table | pa.RecordBatch, row_columns: tuple[str, ...]) -> None:
    there = Counter(table.schema.names)
    problems = [
        f"{name} {'is missing' if there[name] == 0 else 'is there more than once'}"
        for name in (*row_columns, *points.features)
        if there[name] != 1
    ]
    problems += [f"{name} has nulls" for name in row_columns if not problems and table[name].null_count]
    if problems:
        raise DataIntegrityError("feature table: " + "; ".join(problems))


def _has_score(without_data: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    has_score: npt.NDArray[np.bool_] = ~without_data.to_numpy(zero_copy_only=False)
    return has_score
