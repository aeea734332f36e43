"""Guards the SQL of a points table: parsed as each database's, safe whatever the names, and Oracle's text computes.

No Oracle is here: its text is parsed as Oracle's, then run on DuckDB with Oracle's own functions put in its place.
PostgreSQL's runs on PostgreSQL itself (tests/integration/test_parity.py).
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from contracts.errors import UsageError
from contracts.feature_terms import InputType
from models.points.apply import apply_points
from models.points.scaling import ScoreScale
from models.points.sql import points_query
from models.points.sql_dialect import DIALECTS
from models.points.table import Axis, PointsTable, Term
from tests.points_samples import make_points, make_rows

SQLGLOT = {"postgresql": "postgres", "oracle": "oracle"}
STEEP = ScoreScale(600, 10.0, 20.0)
"""A scale of few scores: parsing the look-up of thousands takes seconds."""

HOSTILE = (
    "'; DROP TABLE score; --",
    '") FROM x; --',
    "\\'; SELECT 1; --",
    ":nome %s %(x)s",
    "aspas ' e \" e \\",
    "ção 😀",
)


def number(name: str, code: str, edges: tuple[float, ...], points: tuple[int, ...]) -> Term:
    return Term(code, (Axis(name, InputType.NUMBER, edges=edges),), points)


def parsed(query: str, dialect: str) -> exp.Expression:
    (statement,) = sqlglot.parse(query, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(statement, exp.Select)
    return statement


def as_oracle_would(query: str, table: pa.Table) -> pa.Table:
    """Run Oracle's text on DuckDB: bare numbers as float64, and its functions written for it."""

    def reading(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Literal) and not node.is_string and not node.this.isdigit():
            return exp.cast(exp.Literal.string(node.this), "double")
        if isinstance(node, exp.Is) and node.expression.name.upper() == "NAN":
            return exp.func("isnan", node.this)
        return node

    with duckdb.connect() as connection:
        connection.create_function("UNISTR", _unistr, ["VARCHAR"], "VARCHAR")
        connection.execute("CREATE MACRO TO_BINARY_DOUBLE(x) AS CAST(x AS DOUBLE)")
        flags = table["sem_dados"].cast(pa.int8())
        connection.register("variaveis", table.set_column(table.column_names.index("sem_dados"), "sem_dados", flags))
        result = connection.sql(parsed(query, "oracle").transform(reading).sql("duckdb")).to_arrow_table()
    return result.sort_by("cpf")


def as_rows(scores: pa.Table) -> list[dict[str, object]]:
    """Return scores as the query gives them, the reasons as JSON text."""
    rows = scores.sort_by("cpf").to_pylist()
    for row in rows:
        reasons = [f'{{"codigo": "{m["codigo"]}", "pontos": {m["pontos"]}}}' for m in row["motivos"]]
        row["motivos"] = f"[{', '.join(reasons)}]"
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_oracles_text_gives_the_scores_of_python(seed):
    points = replace(make_points(seed, pairs=7, span=[40, 5, 60, 90][seed]), scale=STEEP)
    table = make_rows(points, 2_000, seed)
    for name in points.features:  # Oracle's empty text is null
        if pa.types.is_string(table[name].type):
            values = [value or None for value in table[name].to_pylist()]
            table = table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))
    found = as_oracle_would(points_query(points, "oracle"), table)
    assert found["probabilidade"].type == pa.float32()
    assert found.to_pylist() == as_rows(apply_points(points, table))


def test_every_raw_score_has_its_own_probability():
    """Both look-ups, over the whole scale and beyond both its ends."""
    reach = [*range(100, 1_100, 3), -9_999, 9_999]
    edges = tuple(float(place) for place in range(len(reach) - 1))
    points = PointsTable("p", 12, STEEP, 0, (number("x", "X", edges, (*reach, 0, 1)),))
    rows = len(reach)
    ids = [f"{i:011d}" for i in range(rows)]
    table = pa.table({"cpf": ids, "cliente_id": ids, "sem_dados": [False] * rows, "x": np.arange(rows) - 0.5})
    assert as_oracle_would(points_query(points, "oracle"), table).to_pylist() == as_rows(apply_points(points, table))
    listed = re.search(r"\('\{(.*?)\}'::float4\[\]\)\[(.*?) - \((-?\d+)\)\]", points_query(points, "postgresql"))
    values, before = np.array(listed[1].split(","), np.float32), int(listed[3])
    scores = np.arange(before + 1, before + 1 + len(values))
    assert (values == points.scale.probability(scores)).all()
    assert (points.scale.probability(np.array([-9_999, 9_999])) == values[[0, -1]]).all()


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_no_name_value_or_code_can_break_out_of_the_query(dialect):
    axis = Axis("uf", InputType.CATEGORY, groups=(HOSTILE[:3], HOSTILE[3:]))
    terms = [Term(code, (Axis(f"x{i}", InputType.NUMBER),), (1, 0, 0)) for i, code in enumerate(HOSTILE)]
    points = PointsTable("h", 12, ScoreScale(), 0, (Term("UF", (axis,), (3, -3, 0, 0)), *terms))
    source = 'esquema.tabela "; DROP' if dialect == "postgresql" else "esquema.tabela; DROP"
    statement = parsed(points_query(points, dialect, source), SQLGLOT[dialect])
    (table,) = statement.find_all(exp.Table)
    assert table.name.casefold() == source.split(".")[1].casefold()
    if dialect == "postgresql":
        read = {node.this for node in statement.find_all(exp.Literal, exp.ByteString)}
        assert {value.replace("\\", "") for value in HOSTILE} <= {text.replace("\\", "") for text in read}


def test_hostile_values_and_codes_are_computed_as_themselves_in_oracles_text():
    axis = Axis("uf", InputType.CATEGORY, groups=tuple((value,) for value in HOSTILE))
    plain = [code.replace('"', "").replace("\\", "") for code in HOSTILE]
    terms = [
        Term(f"{i}{code}", (axis if not i else Axis(f"x{i}", InputType.NUMBER),), points)
        for i, (code, points) in enumerate(zip(plain, [(*range(1, 7), 0, 0), *[(9, 0, 0)] * 5], strict=True))
    ]
    points = PointsTable("h", 12, ScoreScale(), 0, tuple(terms))
    ids = [f"{i:011d}" for i in range(len(HOSTILE))]
    numbers = {f"x{i}": [1.0] * len(ids) for i in range(1, 6)}
    table = pa.table({"cpf": ids, "cliente_id": ids, "sem_dados": [False] * len(ids), "uf": HOSTILE, **numbers})
    assert as_oracle_would(points_query(points, "oracle"), table).to_pylist() == as_rows(apply_points(points, table))


def test_every_float_is_written_as_one_that_is_read_back_as_itself():
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 2**63, 3_000, dtype=np.uint64).view(np.float64)
    for value in [*drawn[np.isfinite(drawn)].tolist(), 0.1, -1e22, 5e-324, 1.7976931348623157e308, 1e120, 1e-121]:
        for dialect in DIALECTS.values():
            literal = re.sub(r"^TO_BINARY_DOUBLE\('(.*)'\)$|^'(.*)'::float8$", r"\1\2", dialect.number(value))
            assert float(literal) == value
            assert math.copysign(1, float(literal)) == math.copysign(1, value)
            if literal != dialect.number(value) and dialect is DIALECTS["oracle"]:
                assert "." not in literal, "a decimal point in a text is read by the session's language"


def test_what_cannot_be_written_is_refused():
    points = make_points(0)
    with pytest.raises(UsageError, match="no SQL dialect 'mysql': choose one of postgresql, oracle"):
        points_query(points, "mysql")
    long = PointsTable("l", 12, ScoreScale(), 0, (number("ã" * 70, "X", (), (1, 0, 0)),))
    for dialect in DIALECTS:
        with pytest.raises(UsageError, match="longer than"):
            points_query(long, dialect)
    quoted = PointsTable("q", 12, ScoreScale(), 0, (number('a"b', "X", (), (1, 0, 0)),))
    parsed(points_query(quoted, "postgresql"), "postgres")
    with pytest.raises(UsageError, match="quotes"):
        points_query(quoted, "oracle")


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_a_table_of_no_terms_is_a_query_too(dialect):
    parsed(points_query(PointsTable("v", 12, STEEP, 600, ()), dialect), SQLGLOT[dialect])


def _unistr(text: str) -> str:
    units = re.sub(r"\\(\\|[0-9a-fA-F]{4})", lambda m: "\\" if m[1] == "\\" else chr(int(m[1], 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16")
