"""Guards scores and reasons: exact sums, exact reasons, and rows independent of one another and of threads."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import DataIntegrityError
from contracts.feature_terms import InputType
from contracts.score_scale import SCORES_SCHEMA, band_of
from models.points import apply, look_up
from models.points.apply import apply_points, contributions, raw_scores, score_batches, term_points
from models.points.cell_codes import axis_codes, term_codes
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from tests.points_samples import make_points, make_rows

UF = Term("UF", (Axis("uf", InputType.CATEGORY, groups=(("AC", "BA"), ("SP",))),), (-30, 20, -8, 5))


def number(name: str, edges: list[float], points: list[int], missing: int = 0) -> Term:
    return Term(name.upper(), (Axis(name, InputType.NUMBER, edges=tuple(edges)),), (*points, 0, missing))


def table_of(*terms: Term, base: int = 600) -> PointsTable:
    return PointsTable("t", 12, ScoreScale(), base, terms)


def rows_of(sem_dados: list[bool] | None = None, **columns: list[object]) -> pa.Table:
    rows = len(next(iter(columns.values())))
    ids = [f"{i:011d}" for i in range(rows)]
    fixed = {"cpf": ids, "cliente_id": ids, "sem_dados": pa.array(sem_dados or [False] * rows, pa.bool_())}
    return pa.table({**fixed, **{name: pa.array(values) for name, values in columns.items()}})


def cell_of(axis: Axis, value: object) -> int:
    """Find a value's cell as a person reads the table, one value at a time."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return axis.missing_cell
    if axis.kind is InputType.CATEGORY:
        return next((place for place, group in enumerate(axis.groups) if value in group), axis.other_cell)
    return next((place for place, edge in enumerate(axis.edges) if value <= edge), axis.bins - 1)


def slow_points(term: Term, row: dict[str, object]) -> int:
    return int(term.grid()[tuple(cell_of(axis, row[axis.feature]) for axis in term.axes)])


@pytest.mark.parametrize(("seed", "span"), [(0, 4), (1, 40), (2, 90), (3, 900)])
def test_every_row_is_what_a_person_reads_off_the_table(seed, span):
    points = make_points(seed, numbers=12, pairs=9, span=span)
    table = make_rows(points, 400, seed)
    scores = apply_points(points, table).to_pylist()
    for row, found in zip(table.to_pylist(), scores, strict=True):
        assert (found["cpf"], found["cliente_id"]) == (row["cpf"], row["cliente_id"])
        if row["sem_dados"]:
            assert found["status"] == "DADOS_INSUFICIENTES"
            assert found["motivos"] == []
            assert found["score"] is found["score_bruto"] is found["probabilidade"] is found["faixa"] is None
            continue
        parts = {term.code: slow_points(term, row) for term in points.terms}
        strongest = sorted(((-abs(p), code, p) for code, p in parts.items() if p))[:4]
        raw = points.base_points + sum(parts.values())
        assert found["score_bruto"] == raw
        assert found["score"] == min(max(raw, 0), 1000)
        assert found["motivos"] == [{"codigo": code, "pontos": p} for _, code, p in strongest]
        assert found["faixa"] == band_of(found["score"]).value
        assert found["status"] == "OK"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_base_and_contributions_sum_to_the_raw_score_exactly_for_every_row(seed):
    points = make_points(seed, pairs=5)
    table = make_rows(points, 500, seed)
    parts = contributions(points, table)
    scores = apply_points(points, table)
    assert parts.schema == pa.schema([pa.field(term.code, pa.int16()) for term in points.terms])
    scored = ~np.asarray(table["sem_dados"])
    total = points.base_points + sum(parts[t.code].to_numpy().astype(float) for t in points.terms)
    np.testing.assert_array_equal(total, scores["score_bruto"].to_numpy())
    assert np.isnan(total).tolist() == (~scored).tolist()
    features = table.select(points.features)
    np.testing.assert_array_equal(raw_scores(points, features)[scored], total[scored].astype(int))
    for code, found in term_points(points, features).items():
        assert found.dtype == np.int16
        np.testing.assert_array_equal(found[scored], parts[code].to_numpy()[scored])
    low, high = points.raw_score_range
    assert low <= np.nanmin(total) <= np.nanmax(total) <= high


def test_codes_are_the_cells_that_the_points_are_read_at():
    points = make_points(4, pairs=6)
    table = make_rows(points, 300, 4)
    for term in points.terms:
        np.testing.assert_array_equal(
            np.array(term.points)[term_codes(term, table)], term_points(points, table)[term.code]
        )
        for axis in term.axes:
            cells = [cell_of(axis, value) for value in table[axis.feature].to_pylist()]
            assert axis_codes(axis, table[axis.feature]).tolist() == cells


def test_row_order_chunks_and_threads_change_nothing():
    points = make_points(1)
    table = make_rows(points, 2_000, 1)
    scores = apply_points(points, table)
    assert scores.schema == SCORES_SCHEMA
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1, 333), table.slice(334)])
    assert apply_points(points, pieces).equals(scores)
    order = np.random.default_rng(0).permutation(2_000)
    assert apply_points(points, table.take(order)).equals(scores.take(order).combine_chunks())
    assert apply_points(points, table.slice(500, 7)).equals(scores.slice(500, 7))


def test_the_bytes_are_the_same_on_one_thread_or_two():
    points = make_points(5)
    table = make_rows(points, 2_000, 5)
    large = pa.concat_tables([table] * 60).combine_chunks()
    one, two = apply_points(points, large), apply_points(points, large, threads=2)
    assert two.equals(one)
    assert one.slice(40_000, 2_000).equals(apply_points(points, table))
    assert [b for c in one.columns for b in _buffers(c)] == [b for c in two.columns for b in _buffers(c)]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_stream_is_read_only_as_far_as_its_scores_are(threads):
    points = make_points(6)
    batch = make_rows(points, 50, 6).to_batches()[0]
    drawn = []

    def source():
        for place in range(50):
            drawn.append(place)
            yield batch

    stream = score_batches(points, source(), threads=threads)
    first = next(stream)
    assert len(drawn) <= 1 + threads * apply.BATCHES_AHEAD
    assert first.equals(apply_points(points, pa.table(batch)).to_batches()[0])
    assert sum(1 for _ in stream) == 49


@pytest.mark.parametrize("threads", [1, 2])
def test_a_broken_batch_stops_the_stream_with_its_error(threads):
    points = table_of(number("x", [1.0], [3, 7]))
    good, bad = rows_of(x=[1.0]).to_batches()[0], rows_of(x=["segredo"]).to_batches()[0]
    with pytest.raises(DataIntegrityError, match="feature x: string"):
        list(score_batches(points, [good, bad, good], threads=threads))


@pytest.mark.parametrize("edges", [3, 64, 65, 500, 700])
def test_values_on_an_edge_belong_to_the_bin_below_it(edges):
    cuts = [i / 10 for i in range(edges)]
    points = table_of(number("x", cuts, list(range(edges + 1)), 9_000), base=0)
    values = [*cuts, *np.nextafter(cuts, np.inf).tolist(), -np.inf, np.inf, np.nan, None]
    raw = apply_points(points, rows_of(x=values))["score_bruto"].to_pylist()
    assert raw == [*range(edges), *range(1, edges + 1), 0, edges, 9_000, 9_000]


def test_features_cut_into_very_many_cells_are_looked_up_all_the_same(monkeypatch):
    """Where sharing would multiply cells each axis is looked up by itself, with the same result."""
    points = make_points(8, pairs=9)
    table = make_rows(points, 1_000, 8)
    shared = apply_points(points, table)
    monkeypatch.setattr(look_up, "MAX_SHARED_CELLS", 5)
    monkeypatch.setattr(look_up, "MAX_FOLDED_CELLS", 20)
    look_up.look_up.cache_clear()
    try:
        assert apply_points(points, table).equals(shared)
    finally:
        look_up.look_up.cache_clear()


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
    row = apply_points(table_of(number("x", [], [0]), base=base), rows_of(x=[1.0])).to_pylist()[0]
    assert (row["faixa"], row["score"], row["score_bruto"]) == (band, min(max(base, 0), 1000), base)
    assert row["motivos"] == []


def test_clipping_keeps_the_probability_moving():
    points = table_of(number("x", [0.0, 1.0], [1_050, 1_100, 1_150]), base=0)
    scores = apply_points(points, rows_of(x=[0.0, 1.0, 2.0]))
    assert scores["score"].to_pylist() == [1000] * 3
    assert (np.diff(scores["probabilidade"].to_numpy()) < 0).all()


def test_ties_are_broken_by_code_and_no_points_are_no_reason():
    terms = [number(n, [], [p]) for n, p in (("d", 5), ("b", -5), ("a", 5), ("e", 0), ("c", -5), ("f", 9))]
    row = apply_points(table_of(*terms), rows_of(**{name: [1.0] for name in "abcdef"})).to_pylist()[0]
    assert [(m["codigo"], m["pontos"]) for m in row["motivos"]] == [("F", 9), ("A", 5), ("B", -5), ("C", -5)]


def test_the_largest_points_and_very_many_reasons_keep_their_order():
    """More distinct reasons than 16 bits can number."""
    edges = [float(i) for i in range(999)]
    terms = [number(f"x{i:02d}", edges, [10_000 - 10 * j - i % 10 for j in range(1_000)]) for i in range(70)]
    assert len({(t.code, p) for t in terms for p in t.points}) > 2**16
    table = rows_of(**{f"x{i:02d}": [-1.0, 998.5, 500.0] for i in range(70)})
    rows = apply_points(table_of(*terms), table).to_pylist()
    assert [(m["codigo"], m["pontos"]) for m in rows[0]["motivos"]] == [(f"X{i:02d}", 10_000) for i in (0, 10, 20, 30)]
    assert [(m["codigo"], m["pontos"]) for m in rows[1]["motivos"]] == [(f"X{i:02d}", 10) for i in (0, 10, 20, 30)]


def test_integer_boolean_and_null_columns_and_dictionary_categories_are_taken_as_they_are():
    points = table_of(number("x", [0.5], [3, 7], 1), UF, base=0)
    table = rows_of(x=[0, 1, None], uf=["SP", "XX", None])
    assert apply_points(points, table)["score_bruto"].to_pylist() == [23, -1, 6]
    for name, column in (
        ("uf", table["uf"].dictionary_encode()),
        ("uf", table["uf"].cast(pa.large_string())),
        ("x", pa.array([False, True, None])),
        ("x", table["x"].cast(pa.float32())),
    ):
        other = table.set_column(table.column_names.index(name), name, column)
        assert apply_points(points, other).equals(apply_points(points, table))
    nothing = rows_of(x=pa.nulls(2), uf=pa.nulls(2))
    assert apply_points(points, nothing)["score_bruto"].to_pylist() == [6, 6]


def test_what_is_missing_or_of_the_wrong_type_is_named_without_values():
    points = table_of(number("x", [1.0], [3, 7]), UF)
    with pytest.raises(DataIntegrityError, match="x is missing; uf is missing"):
        apply_points(points, rows_of(y=[1.0]))
    with pytest.raises(DataIntegrityError, match="feature x: string"):
        apply_points(points, rows_of(x=["segredo"], uf=["SP"]))
    with pytest.raises(DataIntegrityError, match="feature uf: double"):
        contributions(points, rows_of(x=[1.0], uf=[1.0]))
    with pytest.raises(DataIntegrityError, match="sem_dados has nulls"):
        apply_points(points, rows_of([None], x=[1.0], uf=["SP"]))
    twice = rows_of(x=[1.0], uf=["SP"]).append_column("x", pa.array([2.0]))
    with pytest.raises(DataIntegrityError, match="x is there more than once"):
        raw_scores(points, twice)


def test_an_empty_table_gives_an_empty_table():
    points = make_points(0)
    empty = make_rows(points, 5, 0).slice(0, 0)
    assert apply_points(points, empty).num_rows == 0
    assert apply_points(points, empty).schema == SCORES_SCHEMA
    assert contributions(points, empty).num_rows == 0
    assert len(raw_scores(points, empty)) == 0


def test_a_table_of_no_terms_gives_everybody_the_base():
    row = apply_points(table_of(), rows_of(x=[1.0])).to_pylist()[0]
    assert (row["score_bruto"], row["motivos"]) == (600, [])
    assert raw_scores(table_of(), rows_of(x=[1.0, 2.0])).tolist() == [600, 600]
    assert contributions(table_of(), rows_of(x=[1.0, 2.0])).num_columns == 0


def _buffers(column: pa.ChunkedArray) -> list[bytes]:
    return [
        b.to_pybytes() if b is not None else b"" for part in pa.chunked_array(column).chunks for b in part.buffers()
    ]
