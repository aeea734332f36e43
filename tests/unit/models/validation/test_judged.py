"""Guards what may be judged: aligned rows, one probability a score, never rising with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError
from tests.evidence_samples import judge


def test_counts_hold_every_row_at_its_score():
    rows = judge(3_000)
    assert rows.counts.sum() == 3_000
    assert rows.counts[:, 1].sum() == rows.is_bad.sum()
    assert (rows.scores[rows.place] == rows.raw_score).all()
    assert (rows.score_probability[rows.place] == rows.probability).all()
    assert rows.consumers == 1_000
    assert [str(day) for day in rows.months[0]] == ["2024-05-31", "2024-06-30", "2024-07-31"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"is_bad": np.zeros(5, bool)}, "columns of 5, 90 rows"),
        ({"groups": {"sexo": pa.array(["F"])}}, "columns of 1, 90 rows"),
        ({"raw_score": np.linspace(0, 1, 90)}, "raw_score is float64"),
        ({"probability": np.zeros(90)}, "strictly between 0 and 1"),
        ({"probability": np.full(90, np.nan)}, "strictly between 0 and 1"),
        ({"probability": np.linspace(0.1, 0.9, 90), "raw_score": np.arange(90)}, "never higher for a higher score"),
        ({"probability": np.linspace(0.9, 0.1, 90), "raw_score": np.zeros(90, int)}, "one probability"),
    ],
)
def test_rows_that_cannot_be_judged_are_refused(change, said):
    with pytest.raises(DataIntegrityError, match=said):
        replace(judge(90), **change)


def test_no_rows_are_refused():
    rows = judge(90)
    empty = {name: getattr(rows, name)[:0] for name in ("as_of", "consumer", "is_bad", "raw_score", "probability")}
    with pytest.raises(DataIntegrityError, match="no row"):
        replace(rows, **empty, groups={})
