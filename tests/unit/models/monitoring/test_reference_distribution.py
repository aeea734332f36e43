"""A distribution counts every row once, by the model's own cells, and parts add up to the whole exactly."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError
from contracts.extraction import TableCounts
from contracts.feature_terms import InputType
from models.monitoring.cell_counts import CellCounter, feature_axes
from models.monitoring.reference_distribution import ReferenceDistribution, counted_distribution, describe_distribution
from models.points.apply import apply_points, raw_scores
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term

FINE = Axis("renda", InputType.NUMBER, edges=(1.0, 2.0, 3.0))
COARSE = Axis("renda", InputType.NUMBER, edges=(2.0,))
STATE = Axis("uf", InputType.CATEGORY, groups=(("SP",), ("RJ", "MG")))
AGE = Axis("idade", InputType.NUMBER, edges=(30.0,))


def term(code: str, *axes: Axis) -> Term:
    return Term(code, axes, (0,) * int(np.prod([axis.cells for axis in axes])))


def make_points(*terms: Term) -> PointsTable:
    return PointsTable("teste", 12, ScoreScale(), 600, terms)


POINTS = make_points(term("R", FINE), term("R*U", COARSE, STATE), term("U*I", STATE, AGE))


def make_table(rows: int, seed: int) -> tuple[pa.Table, np.ndarray]:
    rng = np.random.default_rng(seed)
    table = pa.table(
        {
            "renda": pa.array(rng.integers(0, 5, rows).astype(np.float64), mask=rng.random(rows) < 0.2),
            "uf": pa.array(np.array(["SP", "RJ", "MG", "AC"])[rng.integers(0, 4, rows)], mask=rng.random(rows) < 0.1),
            "idade": pa.array(rng.integers(18, 80, rows).astype(np.float64)),
            "outra": pa.array(rng.random(rows)),
        }
    )
    return table, rng.integers(-50, 1_100, rows).astype(np.int32)


def test_a_feature_is_counted_by_its_own_term_else_by_its_finest_axis():
    assert feature_axes(POINTS) == {"renda": FINE, "uf": STATE, "idade": AGE}
    only_pairs = make_points(term("R*U", COARSE, STATE), term("R*I", FINE, AGE))
    assert feature_axes(only_pairs)["renda"] == FINE


def test_every_row_stands_in_one_cell_of_every_feature():
    table = pa.table(
        {
            "renda": pa.array([1.0, 1.5, 9.0, None, float("nan")]),
            "uf": pa.array(["SP", "MG", "AC", None, "RJ"]),
            "idade": pa.array([30.0, 31.0, 80.0, 20.0, 20.0]),
        }
    )
    found = describe_distribution(POINTS, table, np.array([600, -10, 1_200, 600, 5], np.int32))
    assert found.cells == {"renda": (1, 1, 0, 1, 0, 2), "uf": (1, 2, 1, 1), "idade": (3, 2, 0, 0)}
    assert found.scores == {-10: 1, 5: 1, 600: 2, 1_200: 1}
    assert (found.missing_share("renda"), found.missing_share("idade")) == (0.4, 0.0)


def test_rows_without_data_are_left_out():
    table, raw = make_table(500, 1)
    without = np.arange(500) % 5 == 0
    marked = table.append_column("sem_dados", pa.array(without))
    assert describe_distribution(POINTS, marked, raw) == describe_distribution(
        POINTS, table.filter(pa.array(~without)), raw[~without]
    )


@pytest.mark.parametrize("cut", [0, 1, 700, 1_000])
def test_parts_add_up_to_the_whole(cut):
    table, raw = make_table(1_000, 2)
    counts = {"cliente": TableCounts(1_000, 990, {"posterior_a_data_referencia": 4}, {"cpf_malformado": 6})}
    whole = describe_distribution(POINTS, table, raw, counts=counts)
    left = describe_distribution(POINTS, table.slice(0, cut), raw[:cut], counts=counts)
    right = describe_distribution(POINTS, table.slice(cut), raw[cut:])
    assert left + right == right + left == whole
    assert sum([left, right], ReferenceDistribution()) == whole


@pytest.mark.parametrize("threads", [1, 2])
def test_counting_while_scoring_gives_what_describing_gives(threads):
    rows = 70_000
    table, _ = make_table(rows, 8)
    ids = pa.array(np.char.zfill(np.arange(rows).astype("U11"), 11))
    marked = table.append_column("cpf", ids).append_column("cliente_id", ids)
    marked = marked.append_column("sem_dados", pa.array(np.arange(rows) % 7 == 0))
    counter = CellCounter(POINTS)
    scores = apply_points(POINTS, marked, threads=threads, counter=counter)
    counted = counted_distribution(POINTS, counter, scores["score_bruto"].drop_null().to_numpy())
    assert counted == describe_distribution(POINTS, marked, raw_scores(POINTS, marked))
    assert counted.rows == rows - len(range(0, rows, 7))


def test_many_cells_are_counted_one_feature_at_a_time():
    edges = tuple(float(edge) for edge in range(200))
    points = make_points(*(term(name, Axis(name, InputType.NUMBER, edges=edges)) for name in "abc"))
    table = pa.table({name: pa.array([float(i), 150.0, None]) for i, name in enumerate("abc")})
    found = describe_distribution(points, table, np.zeros(3, np.int32))
    for i, name in enumerate("abc"):
        assert np.flatnonzero(found.cells[name]).tolist() == [i, 150, 202]


def test_a_model_without_terms_has_scores_alone():
    found = describe_distribution(make_points(), pa.table({"a": [1.0, 2.0]}), np.array([600, 600], np.int32))
    assert (found.rows, found.cells, found.scores) == (2, {}, {600: 2})


def test_json_round_trip():
    table, raw = make_table(300, 3)
    whole = describe_distribution(POINTS, table, raw, counts={"bem": TableCounts(5, 3, {}, {"duplicado": 2})})
    assert ReferenceDistribution.from_json(json.loads(json.dumps(whole.to_json()))) == whole


def test_counts_of_two_models_do_not_add_up():
    table, raw = make_table(10, 4)
    other = make_points(term("R", FINE), term("U", STATE), term("I", AGE))
    with pytest.raises(DataIntegrityError, match="two models"):
        describe_distribution(POINTS, table, raw) + describe_distribution(other, table, raw)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"linhas": 11}, "4 of the counts of 3 features and of the scores are not of its 11 rows"),
        ({"linhas": -1}, "than there can be"),
        ({"linhas": "9" * 4000}, "than there can be"),
        ({"modelo": "\ud800"}, "not a document"),
        ({"formato": 2}, "format 2"),
        ({"pontuacao": {"alto": 10}}, "not a document"),
        ({"variaveis": [1]}, "not a document"),
    ],
)
def test_an_altered_document_is_refused(change, message):
    table, raw = make_table(10, 5)
    body = describe_distribution(POINTS, table, raw).to_json() | change
    with pytest.raises(DataIntegrityError, match=message):
        ReferenceDistribution.from_json(body)


def test_scores_must_be_of_the_same_rows():
    table, raw = make_table(10, 6)
    with pytest.raises(DataIntegrityError, match="9 scores for 10 rows"):
        describe_distribution(POINTS, table, raw[:9])
