"""Guards the table of points: every reachable cell once, with its limits, so that it can be joined to rows."""

from __future__ import annotations

import io
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.feature_terms import InputType, RiskDirection
from models.points.apply import term_points
from models.points.cell_labels import cell_labels, edge_texts
from models.points.parquet import POINTS_SCHEMA, points_to_arrow
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from tests.points_samples import make_points, make_rows

LATE = Axis("atraso", InputType.NUMBER, RiskDirection.MORE_RISK, edges=(0.5, 1234.0))
STATE = Axis("uf", InputType.CATEGORY, groups=(("AC", "SP"), ("", "RJ")))


def test_cells_read_as_a_person_says_them():
    term = Term("P", (LATE, STATE), tuple(range(100, 80, -1)))
    main = Term("A", (LATE,), (900, 0, -900, 7, 8))
    table = points_to_arrow(PointsTable("t", 12, ScoreScale(), 0, (main, term)))
    assert table.schema == POINTS_SCHEMA
    assert table["celula_1"].to_pylist()[:4] == ["até 0,5", "acima de 0,5 até 1.234", "acima de 1.234", "ausente"]
    assert table["pontos"].to_pylist()[:4] == [900, 0, -900, 8]
    pair = table.filter(pc.equal(table["termo"], "P")).to_pylist()
    assert len(pair) == 16
    assert pair[0] == {
        "termo": "P",
        "posicao": 0,
        "variavel_1": "atraso",
        "sentido_1": "maior_mais_risco",
        "celula_1": "até 0,5",
        "acima_de_1": None,
        "ate_1": 0.5,
        "valores_1": None,
        "variavel_2": "uf",
        "sentido_2": "livre",
        "celula_2": "AC, SP",
        "acima_de_2": None,
        "ate_2": None,
        "valores_2": ["AC", "SP"],
        "pontos": 100,
    }
    assert pair[-1]["celula_1"] == pair[-1]["celula_2"] == "ausente"
    assert [row["celula_2"] for row in pair[:4]] == ["AC, SP", "(vazio), RJ", "outros", "ausente"]


def test_a_row_joined_by_its_limits_has_the_points_of_the_model():
    points = make_points(2, pairs=4)
    rows = make_rows(points, 300, 2)
    cells = points_to_arrow(points).to_pylist()
    for term in points.terms:
        found = term_points(points, rows)[term.code]
        mine = [cell for cell in cells if cell["termo"] == term.code]
        for row, expected in zip(rows.to_pylist(), found.tolist(), strict=True):
            held = [c["pontos"] for c in mine if all(_holds(c, i, row, term) for i in range(1, len(term.axes) + 1))]
            assert held == [expected]


def test_it_is_the_same_bytes_each_time_and_opens_as_parquet():
    points = make_points(3)
    sinks = [io.BytesIO(), io.BytesIO()]
    for sink in sinks:
        pq.write_table(points_to_arrow(points), sink)
    assert sinks[0].getvalue() == sinks[1].getvalue()
    assert pq.read_table(pa.BufferReader(sinks[0].getvalue())).equals(points_to_arrow(points))
    empty = points_to_arrow(PointsTable("v", 12, ScoreScale(), 600, ()))
    assert (empty.num_rows, empty.schema) == (0, POINTS_SCHEMA)


def test_edges_never_read_alike():
    rng = np.random.default_rng(0)
    for _ in range(200):
        start = rng.normal() * 10.0 ** rng.integers(-9, 17)
        edges = np.unique(start + np.abs(start) * 10.0 ** rng.integers(-15, 0) * rng.random(9))
        texts = edge_texts(tuple(edges.tolist()))
        assert len(set(texts)) == len(edges)
        read = [float(text.replace(".", "").replace(",", ".")) for text in texts]
        np.testing.assert_allclose(read, edges, rtol=1e-4)
        assert len(set(cell_labels(Axis("x", InputType.NUMBER, edges=tuple(edges.tolist()))))) == len(edges) + 3


def _holds(cell: dict[str, object], place: int, row: dict[str, object], term: Term) -> bool:
    value, label = row[cell[f"variavel_{place}"]], cell[f"celula_{place}"]
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    if label == "ausente" or missing:
        return missing and label == "ausente"
    axis = term.axes[place - 1]
    if axis.kind is InputType.CATEGORY:
        if label == "outros":
            return value not in {one for group in axis.groups for one in group}
        return value in cell[f"valores_{place}"]
    low, high = cell[f"acima_de_{place}"], cell[f"ate_{place}"]
    return (low is None or value > low) and (high is None or value <= high)
