"""The peers that the night is measured beside give our very features, at every rule's border and on every date."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from benchmarks.lake_snapshot import AS_OF, SnapshotSize, write_snapshot
from benchmarks.measured_process import ContenderError
from benchmarks.night_peers import EQUAL, MeasuredContender, NightBench, bytes_read
from benchmarks.peers.night import duckdb_features, floor, ours, pandas_features, sklearn_score
from benchmarks.peers.night.contenders import BY_KEY
from benchmarks.peers.night.equality import feature_differences
from benchmarks.peers.night.snapshot import Night
from benchmarks.score_lake import obtain_points
from benchmarks.table.figures import FLOOR, OURS, Step
from contracts.artifacts import ArtifactStore
from features.build import build_features
from tests.lake_samples import random_rows, to_tables
from tests.night_samples import write_night

CLIENTS, RANGE = 300, 80
DATES = (date(2025, 6, 30), date(2018, 12, 31), date(2024, 2, 29))
"""A plain month's end, one within daylight saving time, and a leap day."""


@pytest.fixture(scope="module", params=DATES, ids=str)
def night_and_features(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Night, pa.Table]:
    as_of = request.param
    tables = to_tables(random_rows(as_of.toordinal(), clients=CLIENTS, as_of=as_of))
    night = write_night(tmp_path_factory.mktemp("lago"), as_of, tables, range_size=RANGE)
    return night, build_features(tables, as_of)


def test_ours_over_ranges_is_ours_at_once(night_and_features: tuple[Night, pa.Table], tmp_path: Path) -> None:
    night, expected = night_and_features
    ours.write_features(night, tmp_path)
    assert feature_differences(expected, read(tmp_path)) == []
    assert night.ranges > 1


def test_pandas_gives_our_features(night_and_features: tuple[Night, pa.Table], tmp_path: Path) -> None:
    night, expected = night_and_features
    pandas_features.write_features(night, tmp_path / "p.parquet")
    assert feature_differences(expected, read(tmp_path)) == []


def test_duckdb_gives_our_features(night_and_features: tuple[Night, pa.Table], tmp_path: Path) -> None:
    night, expected = night_and_features
    duckdb_features.write_features(night, tmp_path / "d.parquet")
    assert feature_differences(expected, read(tmp_path)) == []


def test_polars_gives_our_features(night_and_features: tuple[Night, pa.Table], tmp_path: Path) -> None:
    pytest.importorskip(
        "polars", reason="the extra `peers` is not installed: Polars was NOT compared with our features"
    )
    from benchmarks.peers.night import polars_features  # noqa: PLC0415

    night, expected = night_and_features
    polars_features.write_features(night, tmp_path / "p.parquet")
    assert feature_differences(expected, read(tmp_path), last_place=1) == []


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    pytest.importorskip(
        "pyspark", reason="the extra `peers` is not installed: PySpark was NOT compared with our features"
    )
    if shutil.which("java") is None:
        pytest.skip("no Java virtual machine: PySpark was NOT compared with our features")
    from benchmarks.peers.night import spark_features  # noqa: PLC0415

    session = spark_features.start_session()
    yield session
    session.stop()


@pytest.mark.long
def test_spark_gives_our_features(night_and_features: tuple[Night, pa.Table], spark: Any, tmp_path: Path) -> None:
    from benchmarks.peers.night import spark_features  # noqa: PLC0415

    night, expected = night_and_features
    spark_features.write_features(spark, night, tmp_path / "s.parquet")
    assert feature_differences(expected, read(tmp_path / "s.parquet")) == []


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Return a generated night whose features and scores stand in the lake."""
    size = SnapshotSize(3_000, range_size=2_000)
    lake = ArtifactStore(tmp_path_factory.mktemp("lago"))
    write_snapshot(lake, size)
    night = Night(Path(lake.root), AS_OF, size.ranges)
    ours.write_scores(night, obtain_points(lake))
    return night


def test_the_floor_reads_the_same_files_and_writes_our_results(scored: Night, tmp_path: Path) -> None:
    folders = [tmp_path / "features", tmp_path / "scores"]
    floor.prepare(scored, folders)()
    for found, expected in zip(folders, ours.read_results(scored), strict=True):
        assert read(found).equals(expected)


def test_a_contender_with_another_answer_fails_and_names_the_column(scored: Night, tmp_path: Path) -> None:
    bench = NightBench(scored, tmp_path, tmp_path, ArtifactStore(scored.lake))
    duckdb = MeasuredContender(bench, BY_KEY[Step.FEATURES, "duckdb"])
    duckdb_features.write_features(scored, tmp_path / "variaveis.parquet")
    assert duckdb._compare(tmp_path) == EQUAL
    table = read(tmp_path / "variaveis.parquet")
    wrong = table.set_column(table.column_names.index("uf"), "uf", pa.array(["XX"] * len(table)))
    pq.write_table(wrong, tmp_path / "variaveis.parquet")
    with pytest.raises(ContenderError, match="another answer: uf: "):
        duckdb._compare(tmp_path)


def test_rows_and_bytes_are_those_that_the_files_hold(scored: Night, tmp_path: Path) -> None:
    bench = NightBench(scored, tmp_path, tmp_path, ArtifactStore(scored.lake))
    assert bench.rows == sum(read_files(scored, name).num_rows for name in duckdb_features.TABLES)
    assert 0 < bytes_read(scored, whole=False) < bytes_read(scored, whole=True)


def test_every_step_from_the_lake_has_ours_and_the_floor() -> None:
    for step in (Step.FEATURES, Step.SCORE):
        assert {(step, OURS), (step, FLOOR), (step, "pandas")} <= set(BY_KEY)


def test_one_bit_is_a_difference_and_names_no_value() -> None:
    table = build_features(to_tables(random_rows(1, clients=50, as_of=DATES[0])), DATES[0])
    for name in ("renda_mensal_valor", "dividas_abertas_qtd"):
        values = table[name].to_numpy().copy()
        row = int(np.flatnonzero(values > 0)[0])
        values[row] = np.nextafter(values[row], np.inf)
        changed = table.set_column(table.column_names.index(name), name, pa.array(values, from_pandas=True))
        assert feature_differences(table, changed) == [f"{name}: 1 differ, by up to 1 units of the last place"]
        assert bool(feature_differences(table, changed, last_place=1)) == (name == "dividas_abertas_qtd")


def test_a_missing_value_a_text_and_a_lost_client_are_differences() -> None:
    table = build_features(to_tables(random_rows(2, clients=50, as_of=DATES[0])), DATES[0])
    states = pa.array(["XX", *table["uf"].to_pylist()[1:]])
    changed = table.set_column(table.column_names.index("uf"), "uf", states)
    assert feature_differences(table, changed) == ["uf: 1 differ"]
    nothing = pa.nulls(len(table), pa.float64())
    emptied = table.set_column(table.column_names.index("idade_anos"), "idade_anos", nothing)
    assert len(feature_differences(table, emptied)) == 1
    assert feature_differences(table, table.slice(1)) == [f"{len(table) - 1} clients where we have {len(table)}"]
    assert feature_differences(table, table.drop_columns(["uf"])) == ["uf: not there"]


def test_the_regression_scores_who_has_data_and_its_reasons_are_the_strongest() -> None:
    rng = np.random.default_rng(1)
    table = build_features(to_tables(random_rows(3, clients=300, as_of=DATES[0])), DATES[0]).to_pandas()
    model = sklearn_score.fit(table, rng.random(len(table)) < 0.3)
    scores = sklearn_score.score(model, table)
    without = table["sem_dados"].to_numpy()
    assert without.any()
    assert scores["score"].isna().to_numpy().tolist() == without.tolist()
    known = scores[~without]
    expected = model.predict_proba(table[model.feature_names_in_])[~without, 1]
    assert np.allclose(known["probabilidade"].astype(float), expected, atol=1e-6)
    points = known[[f"pontos_{place}" for place in range(1, 5)]].astype(float).abs().to_numpy()
    assert (np.diff(points, axis=1) <= 0).all()


def read(path: Path) -> pa.Table:
    return ds.dataset(path, format="parquet").to_table()


def read_files(night: Night, table: str) -> pa.Table:
    return ds.dataset(night.files(table)).to_table()
