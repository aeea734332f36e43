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
import pytest

from benchmarks.night_peers import Figures, bar_lines
from benchmarks.peers.night import duckdb_features, ours, pandas_features, sklearn_score
from benchmarks.peers.night.contenders import CONTENDERS, OUR_FEATURES, OURS, chosen
from benchmarks.peers.night.equality import feature_differences
from benchmarks.peers.night.snapshot import Night, make_snapshot, write_snapshot
from features.build import build_features
from tests.lake_samples import random_rows, to_tables

CLIENTS, RANGE = 300, 80
DATES = (date(2025, 6, 30), date(2018, 12, 31), date(2024, 2, 29))
"""A plain month's end, one within daylight saving time, and a leap day."""


@pytest.fixture(scope="module", params=DATES, ids=str)
def night_and_features(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Night, pa.Table]:
    as_of = request.param
    tables = to_tables(random_rows(as_of.toordinal(), clients=CLIENTS, as_of=as_of))
    night = write_snapshot(tmp_path_factory.mktemp("lago"), as_of, tables, range_size=RANGE)
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


def test_a_generated_snapshot_holds_every_consumer_once(tmp_path: Path) -> None:
    night = make_snapshot(tmp_path, date(2025, 12, 31), consumers=500, events=20, range_size=200)
    cpfs = [
        pa.concat_tables([ds.dataset(file).to_table(["cpf"])])["cpf"].to_pylist() for file in night.files("cliente")
    ]
    assert [len(found) for found in cpfs] == [200, 200, 100]
    together = [cpf for found in cpfs for cpf in found]
    assert together == sorted(set(together))


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


def test_chosen_contenders_always_have_ours_beside_them() -> None:
    assert list(chosen("")) == list(CONTENDERS)
    assert [c.name for c in chosen("duckdb-consulta")] == [OURS.name, OUR_FEATURES.name, "duckdb-consulta"]
    with pytest.raises(SystemExit, match="unknown: nobody"):
        list(chosen("nobody"))


def test_bars_say_whether_they_were_reached() -> None:
    figures = {OURS.name: Figures(1, 1, 1), OUR_FEATURES.name: Figures(1.3, 1, 1)}
    figures |= {
        "pandas-sklearn": Figures(7.9, 1, 1),
        "pyspark": Figures(3.1, 1, 1),
        "duckdb-consulta": Figures(1, 1, 1),
    }
    verdicts = [line.rsplit(", ", 1)[1] for line in bar_lines(figures)]
    assert verdicts == ["MISSED", "reached", "reached"]


def read(path: Path) -> pa.Table:
    return ds.dataset(path, format="parquet").to_table()
