"""Guards scores and reasons: exact sums, exact reasons, monotone terms, and rows independent of one another."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import DataIntegrityError
from contracts.score_scale import SCORES_SCHEMA, band_of
from models import apply
from models.apply import apply_scorecard, contributions
from models.bin_codes import COUNTED_EDGES
from models.inputs import InputType, RiskDirection
from models.scaling import ScoreScale
from models.scorecard import Scorecard, Term

STATES = ["AC", "BA", "SP", "ZZ", None]


def number(name: str, edges: list[float], points: list[int], missing: int = 0, direction: str = "livre") -> Term:
    return Term(
        feature=name,
        code=name.upper(),
        kind=InputType.NUMBER,
        direction=RiskDirection(direction),
        edges=tuple(edges),
        points=tuple(points),
        missing_points=missing,
    )


UF = Term(
    feature="uf",
    code="UF",
    kind=InputType.CATEGORY,
    direction=RiskDirection.FREE,
    groups=(("AC", "BA"), ("SP",)),
    points=(-30, 20),
    missing_points=5,
    other_points=-8,
)


def table_of(sem_dados: list[bool] | None = None, **columns: list[object]) -> pa.Table:
    rows = len(next(iter(columns.values())))
    ids = [f"{i:011d}" for i in range(rows)]
    fixed = {"cpf": ids, "cliente_id": ids, "sem_dados": pa.array(sem_dados or [False] * rows, pa.bool_())}
    return pa.table({**fixed, **{name: pa.array(values) for name, values in columns.items()}})


def many_terms(count: int, seed: int, span: int = 90) -> Scorecard:
    rng = np.random.default_rng(seed)
    terms = []
    for i in range(count):
        bins = int(rng.integers(1, 9))
        edges = np.unique(rng.normal(size=bins - 1).round(3)).tolist()
        points = rng.integers(-span, span, len(edges) + 1).tolist()
        terms.append(number(f"x{i:02d}", edges, points, int(rng.integers(-span, span))))
    order = rng.permutation(count)
    return Scorecard("t", 12, ScoreScale(), 600, (*[terms[i] for i in order], UF))


def random_table(rows: int, count: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    columns = {
        f"x{i:02d}": pa.array(
            np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)), mask=rng.random(rows) < 0.1
        )
        for i in range(count)
    }
    columns["uf"] = [STATES[i] for i in rng.integers(0, len(STATES), rows)]
    return table_of((rng.random(rows) < 0.1).tolist(), **columns)


def slow_points(term: Term, value: object) -> int:
    """Find a value's points as a person reads the table, one value at a time."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return term.missing_points
    if term.kind is InputType.CATEGORY:
        found = [p for group, p in zip(term.groups, term.points, strict=True) if value in group]
        return found[0] if found else term.other_points
    for edge, points in zip(term.edges, term.points, strict=False):
        if value <= edge:
            return points
    return term.points[-1]


@pytest.mark.parametrize("seed", range(3))
def test_every_row_is_what_a_person_reads_off_the_table(seed):
    card, table = many_terms(12, seed, span=4 if seed == 0 else 90), random_table(400, 12, seed)
    scores = apply_scorecard(card, table).to_pylist()
    for row, found in zip(table.to_pylist(), scores, strict=True):
        assert found["cpf"] == row["cpf"]
        if row["sem_dados"]:
            assert found["status"] == "DADOS_INSUFICIENTES"
            assert found["motivos"] == []
            assert found["score"] is found["score_bruto"] is found["probabilidade"] is found["faixa"] is None
            continue
        points = {t.code: slow_points(t, row[t.feature]) for t in card.terms}
        strongest = sorted(((-abs(p), code, p) for code, p in points.items() if p))[:4]
        raw = card.base_points + sum(points.values())
        assert found["score_bruto"] == raw
        assert found["score"] == min(max(raw, 0), 1000)
        assert found["motivos"] == [{"codigo": code, "pontos": p} for _, code, p in strongest]
        assert found["faixa"] == band_of(found["score"]).value
        assert found["status"] == "OK"


def test_base_and_contributions_sum_to_the_raw_score_exactly():
    card, table = many_terms(20, 7), random_table(apply.BATCH_ROWS + 5_000, 20, 7)
    parts = contributions(card, table)
    raw = apply_scorecard(card, table)["score_bruto"].to_numpy()
    total = card.base_points + sum(parts[t.code].to_numpy().astype(float) for t in card.terms)
    np.testing.assert_array_equal(total, raw)
    assert {f.type for f in parts.schema} == {pa.int16()}
    assert np.isnan(raw).any()


def test_row_order_and_chunks_change_nothing():
    card, table = many_terms(8, 1), random_table(1_000, 8, 1)
    scores = apply_scorecard(card, table)
    assert scores.schema == SCORES_SCHEMA
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1, 333), table.slice(334)])
    assert apply_scorecard(card, pieces).equals(scores)
    order = np.random.default_rng(0).permutation(1_000)
    assert apply_scorecard(card, table.take(order)).equals(scores.take(order).combine_chunks())
    assert apply_scorecard(card, table.slice(500, 7)).equals(scores.slice(500, 7))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=0, max_size=90, unique=True),
    st.lists(st.integers(-200, 200), min_size=91, max_size=91),
    st.lists(st.floats(allow_nan=False), min_size=2, max_size=50),
    st.sampled_from(["maior_mais_risco", "maior_menos_risco"]),
)
def test_a_directed_term_never_moves_the_score_or_probability_the_wrong_way(edges, points, values, direction):
    sign = -1 if direction == "maior_mais_risco" else 1
    ordered = sorted(points[: len(edges) + 1], reverse=sign < 0)
    card = Scorecard("m", 12, ScoreScale(), 600, (number("x", sorted(edges), ordered, 0, direction),))
    scores = apply_scorecard(card, table_of(x=sorted(values)))
    assert (sign * np.diff(scores["score_bruto"].to_numpy()) >= 0).all()
    assert (sign * np.diff(scores["score"].to_numpy()) >= 0).all()
    assert (sign * np.diff(scores["probabilidade"].to_numpy()) <= 0).all()


@pytest.mark.parametrize("edges", [3, COUNTED_EDGES, COUNTED_EDGES + 1, 500])
def test_values_on_an_edge_belong_to_the_bin_below_it(edges):
    cuts = [i / 10 for i in range(edges)]
    card = Scorecard("e", 12, ScoreScale(), 0, (number("x", cuts, list(range(edges + 1)), 9_000),))
    values = [*cuts, *np.nextafter(cuts, np.inf).tolist(), -np.inf, np.inf, np.nan, None]
    raw = apply_scorecard(card, table_of(x=values))["score_bruto"].to_pylist()
    assert raw == [*range(edges), *range(1, edges + 1), 0, edges, 9_000, 9_000]


@pytest.mark.parametrize(
    ("base", "band"),
    [
        (-40, "baixo"),
        (300, "baixo"),
        (301, "regular"),
        (500, "regular"),
        (501, "bom"),
        (700, "bom"),
        (701, "muito_bom"),
        (1_400, "muito_bom"),
    ],
)
def test_band_edges(base, band):
    card = Scorecard("b", 12, ScoreScale(), base, (number("x", [], [0]),))
    row = apply_scorecard(card, table_of(x=[1.0])).to_pylist()[0]
    assert (row["faixa"], row["score"], row["score_bruto"]) == (band, min(max(base, 0), 1000), base)
    assert row["motivos"] == []


def test_clipping_keeps_the_probability_moving():
    card = Scorecard("c", 12, ScoreScale(), 0, (number("x", [0.0, 1.0], [1_050, 1_100, 1_150]),))
    scores = apply_scorecard(card, table_of(x=[0.0, 1.0, 2.0]))
    assert scores["score"].to_pylist() == [1000] * 3
    assert (np.diff(scores["probabilidade"].to_numpy()) < 0).all()


def test_ties_are_broken_by_code_and_no_points_are_no_reason():
    terms = tuple(
        number(name, [], [points]) for name, points in (("d", 5), ("b", -5), ("a", 5), ("e", 0), ("c", -5), ("f", 9))
    )
    card = Scorecard("t", 12, ScoreScale(), 600, terms)
    row = apply_scorecard(card, table_of(**{name: [1.0] for name in "abcdef"})).to_pylist()[0]
    assert [(m["codigo"], m["pontos"]) for m in row["motivos"]] == [("F", 9), ("A", 5), ("B", -5), ("C", -5)]


def test_the_largest_points_fit_the_reasons_key():
    card = Scorecard("x", 12, ScoreScale(), 0, (number("a", [], [-10_000]), number("b", [], [10_000])))
    row = apply_scorecard(card, table_of(a=[1.0], b=[1.0])).to_pylist()[0]
    assert row["motivos"] == [{"codigo": "A", "pontos": -10_000}, {"codigo": "B", "pontos": 10_000}]


def test_integer_columns_and_dictionary_categories_are_taken_as_they_are():
    card = Scorecard("i", 12, ScoreScale(), 0, (number("x", [1.0], [3, 7]), UF))
    table = table_of(x=[1, 2, None], uf=["SP", "XX", None])
    encoded = table.set_column(4, "uf", table["uf"].dictionary_encode())
    assert apply_scorecard(card, table)["score_bruto"].to_pylist() == [23, -1, 5]
    assert apply_scorecard(card, encoded).equals(apply_scorecard(card, table))


def test_what_is_missing_or_of_the_wrong_type_is_named_without_values():
    card = Scorecard("i", 12, ScoreScale(), 0, (number("x", [1.0], [3, 7]), UF))
    with pytest.raises(DataIntegrityError, match="x is missing; uf is missing"):
        apply_scorecard(card, table_of(y=[1.0]))
    with pytest.raises(DataIntegrityError, match="feature x: string"):
        apply_scorecard(card, table_of(x=["segredo"], uf=["SP"]))
    with pytest.raises(DataIntegrityError, match="feature uf: double"):
        contributions(card, table_of(x=[1.0], uf=[1.0]))
    with pytest.raises(DataIntegrityError, match="sem_dados has nulls"):
        apply_scorecard(card, table_of([None], x=[1.0], uf=["SP"]))


def test_an_empty_table_gives_an_empty_table():
    card = many_terms(3, 0)
    empty = random_table(5, 3, 0).slice(0, 0)
    assert apply_scorecard(card, empty).num_rows == 0
    assert apply_scorecard(card, empty).schema == SCORES_SCHEMA
    assert contributions(card, empty).num_rows == 0
