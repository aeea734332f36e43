"""Who is measured: each does its work over one snapshot and leaves Parquet; each runs in a process of its own."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.night import fitted_models, floor, ours, sklearn_score
from benchmarks.peers.night.snapshot import Night
from benchmarks.table.figures import FLOOR, OURS, Step

# Each engine is imported by its own contender, in that contender's process: an engine not installed hurts nobody else.
# ruff: noqa: PLC0415


@dataclass(frozen=True, slots=True)
class Contender:
    """``prepare`` loads the engine and returns the work; ``last_place`` is the difference that its arithmetic may make.

    ``packages`` are what it imports, by distribution name.
    """

    name: str
    step: Step
    prepare: Callable[[Night, Path, Path], Callable[[], None]]
    packages: tuple[str, ...] = ()
    needs_java: bool = False
    last_place: int = 0

    @property
    def missing(self) -> str:
        """Return what it needs and this machine does not have, or nothing."""
        absent = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if absent:
            return f"{', '.join(absent)} not installed: pip install '.[peers]'"
        if self.needs_java and shutil.which("java") is None:
            return "no Java virtual machine (java 17 or newer on the PATH)"
        return ""


def features_folder(folder: Path) -> Path:
    """Return where a contender leaves its features: a file or a folder of Parquet."""
    return folder / "variaveis.parquet"


def scores_folder(folder: Path) -> Path:
    """Return where a contender leaves its scores."""
    return folder / "pontuacao.parquet"


def _ours(night: Night, models: Path, folder: Path) -> Callable[[], None]:
    del folder
    points = fitted_models.load_points(models)
    return lambda: ours.write_scores(night, points)


def _pandas(night: Night, models: Path, folder: Path) -> Callable[[], None]:
    from benchmarks.peers.night import pandas_features

    model = sklearn_score.load(models)

    def work() -> None:
        features = pandas_features.build_features(night)
        features.to_parquet(features_folder(folder), index=False)
        sklearn_score.score(model, features).to_parquet(scores_folder(folder), index=False)

    return work


def _spark(night: Night, models: Path, folder: Path) -> Callable[[], None]:
    from benchmarks.peers.night import spark_features, spark_score

    session = spark_features.start_session()
    model = sklearn_score.load(models)

    def work() -> None:
        spark_score.write_scores(session, night, model, features_folder(folder), scores_folder(folder))

    return work


def _floor(night: Night, _models: Path, folder: Path) -> Callable[[], None]:
    return floor.prepare(night, [features_folder(folder), scores_folder(folder)])


def _floor_features(night: Night, _models: Path, folder: Path) -> Callable[[], None]:
    return floor.prepare(night, [features_folder(folder)])


def _ours_features(night: Night, _models: Path, folder: Path) -> Callable[[], None]:
    return lambda: ours.write_features(night, features_folder(folder))


def _pandas_features(night: Night, _models: Path, folder: Path) -> Callable[[], None]:
    from benchmarks.peers.night import pandas_features

    return lambda: pandas_features.write_features(night, features_folder(folder))


def _duckdb_features(night: Night, _models: Path, folder: Path) -> Callable[[], None]:
    from benchmarks.peers.night import duckdb_features

    return lambda: duckdb_features.write_features(night, features_folder(folder))


def _polars_features(night: Night, _models: Path, folder: Path) -> Callable[[], None]:
    from benchmarks.peers.night import polars_features

    return lambda: polars_features.write_features(night, features_folder(folder))


CONTENDERS = (
    Contender(OURS, Step.SCORE, _ours),
    Contender(FLOOR, Step.SCORE, _floor),
    Contender("pandas", Step.SCORE, _pandas),
    Contender("pyspark", Step.SCORE, _spark, ("pyspark",), needs_java=True),
    Contender(OURS, Step.FEATURES, _ours_features),
    Contender(FLOOR, Step.FEATURES, _floor_features),
    Contender("duckdb", Step.FEATURES, _duckdb_features),
    # Polars divides by a constant through its reciprocal: amounts in R$ may differ in the last place.
    Contender("polars", Step.FEATURES, _polars_features, ("polars",), last_place=1),
    Contender("pandas", Step.FEATURES, _pandas_features),
)
BY_KEY = {(contender.step, contender.name): contender for contender in CONTENDERS}
