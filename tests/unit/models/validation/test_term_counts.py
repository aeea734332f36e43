"""Guards the counts beside the points, against a count by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError
from models.validation.term_counts import count_cells
from tests.evidence_samples import two_feature_points, two_feature_rows

POINTS = two_feature_points()


def test_every_cell_counts_its_rows_and_its_bads():
    table = pa.table({"renda": [500.0, 1_000.0, 9_000.0, None], "uf": ["SP", "MG", "??", None]})
    found = count_cells(POINTS, table, np.array([True, False, True, True]))
    assert found["REN"].rows.tolist() == [2, 0, 1, 0, 1]
    assert found["REN"].bads.tolist() == [1, 0, 1, 0, 1]
    assert found["UF"].rows.tolist() == [1, 1, 1, 1]
    pair = found["REN_UF"].rows.reshape(5, 4)
    assert [tuple(cell) for cell in np.argwhere(pair)] == [(0, 0), (0, 1), (2, 2), (4, 3)]


def test_each_term_counts_every_row():
    found = count_cells(POINTS, two_feature_rows(500), np.arange(500) % 7 == 0)
    assert [(code, counts.rows.sum(), counts.bads.sum()) for code, counts in found.items()] == [
        ("REN", 500, 72), ("UF", 500, 72), ("REN_UF", 500, 72)
    ]  # fmt: skip
    assert [len(found[term.code].rows) for term in POINTS.terms] == [len(term.points) for term in POINTS.terms]


def test_outcomes_of_other_rows_are_refused():
    with pytest.raises(DataIntegrityError, match="9 outcomes for 10 rows"):
        count_cells(POINTS, two_feature_rows(10), np.zeros(9, bool))
