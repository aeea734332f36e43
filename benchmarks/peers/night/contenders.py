"""Who is measured: each does its work over one snapshot and leaves Parquet; each runs in a process of its own."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.peers.night import fitted_models, ours, sklearn_score
from benchmarks.peers.night.snapshot import Night

# Each engine is imported by its own contender, in that contender's process: an engine not installed hurts nobody else.
# ruff: noqa: PLC0415


class Step(StrEnum):
    """What is compared with what."""

    SCORES = "features and score"
    FEATURES = "features alone"


@dataclass(frozen=True, slots=True)
class Contender:
    """``prepare`` loads the engine and returns the work; ``last_place`` is the difference that its arithmetic may make.

    ``least_ratio`` is our bar: its seconds over ours, at least.
    """

    name: str
    step: Step
    prepare: Callable[[Night, Path, Path], Callable[[], None]]
    packages: tuple[str, ...] = ()
    needs_java: bool = False
    last_place: int = 0
    least_ratio: float | None = None

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


OURS = Contender("escore", Step.SCORES, _ours)
OUR_FEATURES = Contender("escore-variaveis", Step.FEATURES, _ours_features)
CONTENDERS = (
    OURS,
    Contender("pandas-sklearn", Step.SCORES, _pandas, least_ratio=8),
    Contender("pyspark", Step.SCORES, _spark, ("pyspark",), needs_java=True, least_ratio=3),
    OUR_FEATURES,
    Contender("duckdb-consulta", Step.FEATURES, _duckdb_features, least_ratio=1 / 1.3),
    # Polars divides by a constant through its reciprocal: amounts in R$ may differ in the last place.
    Contender("polars-consulta", Step.FEATURES, _polars_features, ("polars",), last_place=1, least_ratio=1 / 1.3),
    Contender("pandas-variaveis", Step.FEATURES, _pandas_features),
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}


def chosen(names: str) -> Iterator[Contender]:
    """Yield the contenders that a comma-separated list names, all where it is empty, ours always."""
    wanted = {name for name in names.split(",") if name}
    unknown = wanted - set(BY_NAME)
    if unknown:
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BY_NAME)}")
    for contender in CONTENDERS:
        if not wanted or contender.name in wanted or contender in (OURS, OUR_FEATURES):
            yield contender
