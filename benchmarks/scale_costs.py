"""The unit costs that the plan for a country is computed from, read out of the pages where they were measured.

Nothing is typed twice: a figure that is measured anew changes the plan the next time it is written, and a figure that
is not where it was any more is an error that names it. Prices and other assumptions are in ``scale_prices``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serve.published.key_layout import bucket_count

DOCS = Path(__file__).parents[1] / "docs"
FIGURES = "reference/figures.md"
REDIS = "decisions/0005-redis-layout.md"
MILLION = 1_000_000
MIB = 2**20
NUMBER = r"\**([\d.,]+)\**"


def _expression(pattern: str) -> str:
    """Return a regular expression in which # is a number and a blank may be a line's end."""
    return pattern.replace("#", NUMBER).replace(" ", r"\s+")


def _under(head: str, row: str) -> str:
    """Return the pattern of a row below a table's head, so that columns that change places are noticed."""
    escaped = re.escape(head).replace("\\ ", " ")
    return rf"{escaped}[^\n]*\n(?:\|[^\n]*\n)*?\|[^\n]*?{row}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number: the page it stands on, the text around it, and what one unit of it is."""

    what: str
    page: str
    pattern: str
    unit: str

    def read(self, docs: Path = DOCS) -> float:
        """Return the number; LookupError if the page does not hold it exactly once."""
        found = re.findall(_expression(self.pattern), (docs / self.page).read_text(encoding="utf-8"))
        if len(found) != 1:
            raise LookupError(f"{self.page}: {self.what}: {len(found)} places match {self.pattern!r}")
        return float(found[0].replace(",", ""))


MEASURED: Mapping[str, Figure] = {
    "extract_20k": Figure(
        "extraction from the three stores",
        FIGURES,
        _under("what | CPU, s | MB", r"`extract_range`, all three, checked\** \| # \|"),
        "CPU s of the client, 20,000 consumers",
    ),
    "score_1m": Figure(
        "features and score from the lake",
        FIGURES,
        _under("consumers | CPU, s |", r"1,000,000 \| # \|"),
        "CPU s, 1 million",
    ),
    "debts": Figure("debts", FIGURES, r"20 events, # debts", "a consumer"),
    "incomes": Figure("sources of income", FIGURES, r"debts, # incomes", "a consumer"),
    "assets": Figure("assets", FIGURES, r"incomes and # assets", "a consumer"),
    "documents_20k": Figure("documents of Base C", FIGURES, r"PostgreSQL, # documents", "20,000 consumers"),
    "mb_a_20k": Figure("Base A by COPY, binary", FIGURES, r"Base A, floor: [^|]*\| [\d.]+ \| # \|", "MB, 20,000"),
    "mb_b_20k": Figure("Base B by COPY, text", FIGURES, r"Base B, floor: [^|]*\| [\d.]+ \| # \|", "MB, 20,000"),
    "mb_c_20k": Figure("Base C's replies", FIGURES, r"as `extract` takes them \| [\d.]+ \| # \|", "MB, 20,000"),
    "snapshot_mib_1m": Figure("a snapshot", FIGURES, r"33.4 million records in # MiB", "MiB, 1 million"),
    "scores_mb_1m": Figure("features and scores in the lake", FIGURES, r"features and scores, # MB", "MB, 1 million"),
    "memory_10k": Figure("a worker, ranges of 10,000", FIGURES, r"ranges of 10,000 take # MiB", "MiB"),
    "memory_50k": Figure("a worker, ranges of 50,000", FIGURES, r"ranges of 50,000 # MiB", "MiB"),
    "task_ms": Figure("a task of Prefect on Dask", FIGURES, r"a task costs # ms", "ms"),
    "start_up": Figure("a worker's imports", FIGURES, r"imports take # s", "s"),
    "copy_1m": Figure(
        "COPY into PostgreSQL",
        FIGURES,
        _under("part | before | now |", r"then binary \| [\d.]+ \| # \|"),
        "CPU s of the server, 1 million",
    ),
    "index_1m": Figure("key, index, check, statistics", FIGURES, r"cost PostgreSQL at least # s", "CPU s, 1 million"),
    "publish_1m": Figure(
        "publishing, client",
        FIGURES,
        _under("1 million consumers | publishing |", r"client process, s \| # \|"),
        "CPU s, 1 million",
    ),
    "publish_wall_1m": Figure(
        "publishing, all on two cores",
        FIGURES,
        _under("1 million consumers | publishing |", r"wall, s \| # \|"),
        "s, 1 million",
    ),
    "postgres_bytes": Figure(
        "PostgreSQL, rows and indexes", FIGURES, r"indexes: # bytes a consumer", "bytes a consumer"
    ),
    "redis_bytes": Figure("Redis, one generation", FIGURES, r"of one generation \| # bytes", "bytes a consumer"),
    "embedded_records": Figure("records of the run on embedded stores", FIGURES, r"592,782 and # records", "records"),
    "embedded_seconds": Figure("that run", FIGURES, r"31 s and # s,", "s"),
}
"""What the plan rests on, by the name of a field of `UnitCosts` or a part of one."""

_GATHERED = r"Redis, CPU seconds \| # \| # \| # \| # \|"
_GATHERED_ROWS = (10_000, 50_000, 100_000, 400_000)
_GATHERED_CONSUMERS = 1_000_000


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """What one consumer, range or task costs; seconds are CPU seconds of one core, sizes bytes."""

    extract_cpu: float
    score_cpu: float
    rows_a: float
    rows_b: float
    documents: float
    debts: float
    bytes_a: float
    bytes_b: float
    bytes_c: float
    lake_bytes: float
    task_overhead: float
    start_up: float
    copy_cpu: float
    index_cpu: float
    publish_cpu: float
    publish_wall: float
    redis_cpu: tuple[tuple[float, float], ...]
    """Rows that fall into one bucket of those gathered, and Redis's CPU seconds a consumer."""
    redis_bytes: float
    postgres_bytes: float
    memory_fixed: float
    memory_a_consumer: float
    embedded_rate: float


def read_costs(docs: Path = DOCS) -> UnitCosts:
    """Return the unit costs as the pages tell them now."""
    of = {name: figure.read(docs) for name, figure in MEASURED.items()}
    slope = (of["memory_50k"] - of["memory_10k"]) * MIB / 40_000
    return UnitCosts(
        extract_cpu=of["extract_20k"] / 20_000,
        score_cpu=of["score_1m"] / MILLION,
        rows_a=1 + of["debts"],
        rows_b=1 + of["incomes"] + of["assets"],
        documents=of["documents_20k"] / 20_000,
        debts=of["debts"],
        bytes_a=of["mb_a_20k"] * 1e6 / 20_000,
        bytes_b=of["mb_b_20k"] * 1e6 / 20_000,
        bytes_c=of["mb_c_20k"] * 1e6 / 20_000,
        lake_bytes=(of["snapshot_mib_1m"] * MIB + of["scores_mb_1m"] * 1e6) / MILLION,
        task_overhead=of["task_ms"] / 1000,
        start_up=of["start_up"],
        copy_cpu=of["copy_1m"] / MILLION,
        index_cpu=of["index_1m"] / MILLION,
        publish_cpu=of["publish_1m"] / MILLION,
        publish_wall=of["publish_wall_1m"] / MILLION,
        redis_cpu=_read_gathered(docs),
        redis_bytes=of["redis_bytes"],
        postgres_bytes=of["postgres_bytes"],
        memory_fixed=of["memory_10k"] * MIB - 10_000 * slope,
        memory_a_consumer=slope,
        embedded_rate=of["embedded_records"] / of["embedded_seconds"],
    )


def _read_gathered(docs: Path) -> tuple[tuple[float, float], ...]:
    found = re.findall(_expression(_GATHERED), (docs / REDIS).read_text(encoding="utf-8"))
    if len(found) != 1:
        raise LookupError(f"{REDIS}: Redis's CPU by rows gathered: {len(found)} places match")
    buckets = bucket_count(_GATHERED_CONSUMERS)
    return tuple(
        (rows / buckets, float(seconds) / _GATHERED_CONSUMERS)
        for rows, seconds in zip(_GATHERED_ROWS, found[0], strict=True)
    )
