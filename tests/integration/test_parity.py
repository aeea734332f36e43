"""One points table, three ways to a score: Python, SQL inside PostgreSQL, and what the API's readers get back.

100,000 rows with missing, infinite, extreme and unknown values, equal to the last published digit.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
import sqlalchemy as sa

from contracts.feature_terms import InputType
from contracts.score_scale import SCORES_SCHEMA
from contracts.settings import Settings
from models.points.apply import apply_points
from models.points.scaling import ScoreScale
from models.points.sql import points_query
from models.points.table import Axis, PointsTable, Term
from serve.published.person_hash import PersonHash
from serve.published.published_score import PublishedScore
from serve.publishing.publish import Publisher
from serve.scores.postgres_scores import PostgresScores
from serve.scores.redis_scores import RedisScores
from serve.scores.score_store import ScoreStore
from serve.sources.redis_pipe import RedisPipe
from serve.sources.sql_store import SqlStore
from stores.connections import redis_client, sql_engine
from tests.points_samples import make_points, make_rows
from tests.score_samples import make_run, open_run

ROWS = 100_000
ASKED_AT_ONCE = 5_000
Published: TypeAlias = list[PublishedScore | None]
SECRET = b"s" * 32
HOSTILE = 'x\'); DROP TABLE "score"; -- \\ : %s ção'
"""Stands in a feature's name and in the source's."""


@pytest.fixture(scope="module")
def points() -> PointsTable:
    """Return a table of every kind of term; some rows pass both ends of the scale."""
    made = make_points(11, numbers=15, categories=3, pairs=10, span=200)
    renamed = made.features[0]

    def hostile(axis: Axis) -> Axis:
        return replace(axis, feature=HOSTILE) if axis.feature == renamed else axis

    terms = [replace(term, axes=tuple(map(hostile, term.axes))) for term in made.terms]
    return replace(made, terms=tuple(terms))


@pytest.fixture(scope="module")
def rows(points: PointsTable) -> pa.Table:
    return make_rows(points, ROWS, 11)


@pytest.fixture(scope="module")
def scores(points: PointsTable, rows: pa.Table) -> pa.Table:
    found = apply_points(points, rows, threads=2)
    raw = found["score_bruto"]
    assert pc.min(raw).as_py() < 0
    assert pc.max(raw).as_py() > 1_000
    return found


@pytest.fixture(scope="module")
def stores(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("paridade")


@pytest.fixture(scope="module")
def engine(stores: Settings) -> Iterator[sa.Engine]:
    engine = sql_engine(stores.secret("results_url"), timeout=10)
    yield engine
    engine.dispose()


def test_sql_in_postgresql_gives_the_scores_of_python(points, rows, scores, stores):
    with admin_connection(stores) as connection, connection.cursor() as cursor:
        copy_rows(cursor, HOSTILE, rows)
        query = points_query(points, "postgresql", HOSTILE)
        names = [name for name in SCORES_SCHEMA.names if name != "motivos"]
        flat = f"SELECT {', '.join(names)}, motivos::text AS motivos FROM ({query}) s ORDER BY cpf"
        found = io.BytesIO()
        cursor.copy_expert(f"COPY ({flat}) TO STDOUT (FORMAT csv, HEADER)", found)
        cursor.execute(f"SELECT pg_typeof(probabilidade)::text, pg_typeof(motivos)::text FROM ({query}) s LIMIT 1")
        assert cursor.fetchone() == ("real", "jsonb")
        connection.rollback()
    found.seek(0)
    types = {name: pa.string() for name in SCORES_SCHEMA.names} | {"score": pa.int16(), "score_bruto": pa.int32()}
    options = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False)
    computed = pa.csv.read_csv(found, convert_options=options)
    expected = scores.sort_by("cpf")
    for name in names:
        given = computed[name].cast(pa.float32()) if name == "probabilidade" else computed[name]
        assert given.combine_chunks().equals(expected[name].combine_chunks()), name
    assert [json.loads(text) for text in computed["motivos"].to_pylist()] == expected["motivos"].to_pylist()


def test_a_code_of_any_characters_is_one_json_text(stores):
    """Codes that the API cannot publish are still a query's: quotes, backslashes, whatever prints."""
    codes = (HOSTILE, 'aspas " e \\" \\', "'\\", "ção 😀")
    terms = [Term(code, (Axis(f"x{i}", InputType.NUMBER),), (10 + i, 0, 7)) for i, code in enumerate(codes)]
    points = PointsTable("h", 12, ScoreScale(), 600, tuple(terms))
    rows = make_rows(points, 1, 0)
    with admin_connection(stores) as connection, connection.cursor() as cursor:
        copy_rows(cursor, "variaveis", rows)
        cursor.execute(f"SELECT motivos FROM ({points_query(points, 'postgresql')}) s")
        ((reasons,),) = cursor.fetchall()
        connection.rollback()
    assert reasons == apply_points(points, rows)["motivos"][0].as_py()


def test_what_readers_of_redis_and_of_postgresql_get_is_what_python_computed(points, scores, stores, engine):
    run = replace(make_run(1), textos=points.texts, modelo_nome=points.name, horizonte_meses=points.horizon_months)
    cache = redis_client(stores.secret("redis_url"), timeout=10)
    publisher = Publisher(engine, cache, cache_key=SECRET)
    open_run(engine, run)
    publisher.begin(run, consumers=ROWS)
    for start in range(0, ROWS, 25_000):
        publisher.stage(scores.slice(start, 25_000))
    publisher.switch(run)
    cache.close()
    fast, sure, fallbacks = asyncio.run(read_all(stores, scores["cpf"].to_pylist()))
    assert fallbacks == 0
    assert_equal(fast, scores)
    assert_equal(sure, scores)


async def read_all(stores: Settings, cpfs: list[str]) -> tuple[Published, Published, int]:
    """Read as the API does, through the store that falls back from Redis on PostgreSQL, and from PostgreSQL alone.

    The third value counts the fallbacks.
    """
    fallbacks: list[None] = []
    pipe = RedisPipe(stores.secret("redis_url"), timeout=10)
    results = SqlStore(stores.secret("results_url"), store="results", timeout=60)
    sure = PostgresScores(results)
    store = ScoreStore(RedisScores(pipe, PersonHash(SECRET)), sure, on_fallback=lambda: fallbacks.append(None))
    parts = [await store.by_cpfs(cpfs[start : start + ASKED_AT_ONCE]) for start in range(0, ROWS, ASKED_AT_ONCE)]
    slow = [await sure.by_cpfs(cpfs[start : start + 25_000]) for start in range(0, ROWS, 25_000)]
    await pipe.close()
    await results.close()
    return [one for part in parts for one in part], [one for part in slow for one in part], len(fallbacks)


def assert_equal(published: list[PublishedScore | None], scores: pa.Table) -> None:
    """Compare every published field with the computed one, the probability as the same float32."""
    assert len(published) == scores.num_rows
    assert None not in published
    pick = {
        "cliente_id": lambda one: one.client_id,
        "score": lambda one: one.score,
        "faixa": lambda one: one.band,
        "status": lambda one: one.status,
        "motivos": lambda one: [{"codigo": reason.code, "pontos": reason.points} for reason in one.reasons],
    }
    for name, value_of in pick.items():
        assert list(map(value_of, published)) == scores[name].to_pylist(), name
    probabilities = pa.array([one.probability for one in published], pa.float64()).cast(pa.float32())
    assert probabilities.equals(scores["probabilidade"].combine_chunks())


@contextmanager
def admin_connection(stores: Settings) -> Iterator[psycopg2.extensions.connection]:
    url = sa.make_url(stores.secret("results_admin_url")).set(drivername="postgresql")
    with closing(psycopg2.connect(url.render_as_string(hide_password=False))) as connection:
        yield connection


def copy_rows(cursor: psycopg2.extensions.cursor, name: str, rows: pa.Table) -> None:
    """Copy a feature table into a new table of one session."""
    kinds = {pa.float64(): "double precision", pa.string(): "text", pa.bool_(): "boolean"}
    quoted = [f'"{column.replace(chr(34), 2 * chr(34))}"' for column in [name, *rows.column_names]]
    columns = ", ".join(f"{column} {kinds[f.type]}" for column, f in zip(quoted[1:], rows.schema, strict=True))
    cursor.execute(f"CREATE TEMP TABLE {quoted[0]} ({columns})")
    data = io.BytesIO()
    pa.csv.write_csv(rows, data)
    data.seek(0)
    cursor.copy_expert(f"COPY {quoted[0]} FROM STDIN (FORMAT csv, HEADER)", data)
    cursor.execute(f"SELECT count(*), count(DISTINCT {quoted[1]}) FROM {quoted[0]}")
    assert cursor.fetchone() == (rows.num_rows, rows.num_rows)


def test_the_rows_try_every_corner(points, rows, scores):
    """Guards this module itself: what it says that it compares is in the rows."""
    numbers = np.concatenate([rows[n].drop_null().to_numpy() for n in points.features if rows[n].type == pa.float64()])
    assert np.isposinf(numbers).any()
    assert np.isneginf(numbers).any()
    assert np.isnan(numbers).any()
    assert (np.abs(numbers[np.isfinite(numbers)]) > 1e300).any()
    edges = {edge for term in points.terms for axis in term.axes for edge in axis.edges}
    assert len(edges & set(numbers.tolist())) > 0.9 * len(edges)
    known = {value for term in points.terms for axis in term.axes for group in axis.groups for value in group}
    texts = {v for n in points.features if rows[n].type == pa.string() for v in rows[n].to_pylist()}
    assert texts - known - {None}
    assert None in texts
    assert set(scores["status"].to_pylist()) == {"OK", "DADOS_INSUFICIENTES"}
    assert set(scores["faixa"].to_pylist()) == {"baixo", "regular", "bom", "muito_bom", None}
