"""Who stands in the table: each contender's name, what it is, and the order and colour in which it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.table.figures import FLOOR, OURS, Step


@dataclass(frozen=True, slots=True)
class Shown:
    """How a contender is shown; ``note`` ends the table where it needs one."""

    name: str
    title: str
    colour: str
    note: str = ""


SHOWN = (
    Shown(OURS, "escore", "#1b6ca8"),
    Shown(FLOOR, "floor", "#8a8a8a"),
    Shown("floor-replies", "floor, MongoDB's replies alone", "#b5b5b5"),
    Shown("duckdb", "DuckDB, one query", "#e0a100"),
    Shown("polars", "Polars, one query", "#4f9d69"),
    Shown("pandas", "pandas + scikit-learn", "#7a4fa3"),
    Shown("pyspark", "PySpark local[2]", "#d1495b"),
    Shown("feast", "Feast, materialize", "#c8651b"),
)
BY_NAME = {shown.name: shown for shown in SHOWN}
_TITLES = {
    (Step.EXTRACTION, "pandas"): "pandas + SQLAlchemy + pymongo",
    (Step.FEATURES, "pandas"): "pandas",
    (Step.PUBLISHING, "feast"): "Feast, materialize (Redis alone)",
}
STEP_TITLES = {
    Step.EXTRACTION: "extraction from the live stores",
    Step.FEATURES: "features alone, from the lake",
    Step.SCORE: "features, score and reasons, from the lake",
    Step.PUBLISHING: "publishing to PostgreSQL and Redis",
}


def title(step: Step, name: str) -> str:
    """Return what a contender is called in a step's rows."""
    return _TITLES.get((step, name), BY_NAME[name].title if name in BY_NAME else name)


def rank(name: str) -> int:
    """Return a contender's place among those of a step."""
    names = [shown.name for shown in SHOWN]
    return names.index(name) if name in names else len(names)
