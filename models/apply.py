"""Applying a scorecard: a feature table in, scores with probability, band and exact reasons out.

Table look-up on whole columns, a batch of rows at a time: no Python object a row, memory flat in the number of
rows but for the result, and every row's result independent of the rows around it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import DataIntegrityError
from contracts.score_scale import BAND_UPPER_SCORES, SCORE_MAX, SCORE_MIN, SCORES_SCHEMA, Status
from models.bin_codes import bin_codes
from models.reasons import StrongestReasons, reason_keys
from models.scorecard import Scorecard

BATCH_ROWS = 32_768
"""Rows at a time: a column of them fits the processor's cache."""

ROW_COLUMNS = ("cpf", "cliente_id", "sem_dados")
"""Columns that every feature table has beside the features."""

_BANDS = pa.array([band.value for band, _ in BAND_UPPER_SCORES])
_BAND_UPPERS = np.array([upper for _, upper in BAND_UPPER_SCORES])


def apply_scorecard(scorecard: Scorecard, table: pa.Table) -> pa.Table:
    """Return ``SCORES_SCHEMA``, one row a row of ``table`` in the same order.

    ``table`` holds ``cpf``, ``cliente_id``, ``sem_dados`` and the scorecard's features; other columns are ignored,
    a null or NaN is missing, an unknown category is "other". DataIntegrityError lists columns that are not there.
    """
    keys = reason_keys(scorecard)
    batches = [_score_batch(scorecard, keys, batch) for batch in _batches(scorecard, table)]
    return pa.Table.from_batches(batches, schema=SCORES_SCHEMA).combine_chunks()


def contributions(scorecard: Scorecard, table: pa.Table) -> pa.Table:
    """Return each term's points as one int16 column named by its code, row by row as in ``table``.

    ``base_points`` plus a row's columns is its ``score_bruto``, exactly; where there is no score all are null.
    """
    schema = pa.schema([pa.field(term.code, pa.int16()) for term in scorecard.terms])
    batches = []
    for batch in _batches(scorecard, table):
        no_score = ~_has_score(batch)
        points = [np.array(t.all_points, np.int16)[bin_codes(t, batch[t.feature])] for t in scorecard.terms]
        batches.append(pa.record_batch([pa.array(p, pa.int16(), mask=no_score) for p in points], schema=schema))
    return pa.Table.from_batches(batches, schema=schema).combine_chunks()


def _batches(scorecard: Scorecard, table: pa.Table) -> Iterator[pa.RecordBatch]:
    names = [*ROW_COLUMNS, *(term.feature for term in scorecard.terms)]
    problems = [
        f"{name} {'is missing' if count == 0 else 'is there more than once'}"
        for name in names
        if (count := table.column_names.count(name)) != 1
    ]
    problems += [f"{name} has nulls" for name in ROW_COLUMNS if not problems and table[name].null_count]
    if problems:
        raise DataIntegrityError("feature table: " + "; ".join(problems))
    yield from table.select(names).to_batches(max_chunksize=BATCH_ROWS)


def _has_score(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
    has_score: npt.NDArray[np.bool_] = ~batch["sem_dados"].to_numpy(zero_copy_only=False)
    return has_score


def _score_batch(scorecard: Scorecard, keys: list[npt.NDArray[np.int32]], batch: pa.RecordBatch) -> pa.RecordBatch:
    raw = np.full(batch.num_rows, scorecard.base_points, np.int32)
    reasons = StrongestReasons(batch.num_rows)
    for term, term_keys in zip(scorecard.terms, keys, strict=True):
        codes = bin_codes(term, batch[term.feature])
        raw += np.take(np.array(term.all_points, np.int32), codes, mode="clip")
        reasons.add(np.take(term_keys, codes, mode="clip"))
    has_score = _has_score(batch)
    score = np.clip(raw, SCORE_MIN, SCORE_MAX)
    band = _BANDS.take(pa.array(np.searchsorted(_BAND_UPPERS, score)))
    status = pc.if_else(pa.array(has_score), Status.OK.value, Status.INSUFFICIENT_DATA.value)
    columns = [
        batch["cliente_id"],
        batch["cpf"],
        pa.array(score, pa.int16(), mask=~has_score),
        pa.array(raw, pa.int32(), mask=~has_score),
        pa.array(scorecard.scale.probability(raw), pa.float32(), mask=~has_score),
        pc.if_else(pa.array(has_score), band, None),
        status,
        reasons.to_arrow(scorecard, has_score),
    ]
    return pa.record_batch(columns, schema=SCORES_SCHEMA)
