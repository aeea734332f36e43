"""What is asked of the figures, and whether they reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.table.figures import FLOOR, OURS, Figure, Measurements, Step, ratio

WHOLE = 1_000_000
EXTRACTED = 100_000
GROWN = (500_000, 2_000_000)
GIGABYTE_MIB = 1e9 / 2**20


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit on one number of the measurements; ``least`` where more is better, else at most ``limit``."""

    what: str
    limit: float
    unit: str
    value: Callable[[Measurements], float | None]
    least: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a bar."""

    what: str
    asked: str
    found: str
    reached: bool | None

    @property
    def word(self) -> str:
        """Return the verdict in a word or two."""
        return {True: "reached", False: "MISSED", None: "not measured"}[self.reached]


def verdicts(measured: Measurements) -> list[Verdict]:
    """Return every bar's verdict, in order."""
    return [_judge(bar, measured) for bar in bars(measured)]


def bars(measured: Measurements) -> Iterator[Bar]:
    """Yield the bars; those against peers once for every size at which one was measured."""
    score = partial(_field, step=Step.SCORE, name=OURS, consumers=WHOLE)
    yield Bar(f"features, score and reasons from the lake, {WHOLE:,} consumers: wall", 20, "s", partial(score, "wall"))
    yield Bar("the same: peak memory", 2 * GIGABYTE_MIB, "MiB", partial(score, "peak_mib"))
    grown = f"from {GROWN[0]:,} to {GROWN[1]:,} consumers"
    yield Bar(f"{grown}: wall", 4.2, "times", partial(_growth, "wall"))
    yield Bar(f"{grown}: peak memory", 1.1, "times", partial(_growth, "peak_mib"))
    for consumers in _compared_sizes(measured):
        at = partial(_against, Step.SCORE, OURS, consumers)
        yield Bar(f"pandas + scikit-learn over ours, {consumers:,}: wall", 8, "times", partial(at, "pandas"), True)
        yield Bar(f"PySpark over ours, {consumers:,}: wall", 3, "times", partial(at, "pyspark"), True)
    for consumers in measured.sizes(Step.FEATURES):
        best = partial(_over_best, consumers)
        yield Bar(f"features over the best of DuckDB and Polars, {consumers:,}: wall", 1.3, "times", best)
    yield Bar(
        f"extraction of {EXTRACTED:,} over its floor: CPU of the clients", 1.5, "times", partial(_extraction, "cpu")
    )
    publishing = partial(_against, Step.PUBLISHING, FLOOR, WHOLE, OURS)
    yield Bar(f"publishing {WHOLE:,} over its floor: wall", 1.5, "times", publishing)
    yield Bar("the same: Redis, all in, by used_memory", 100, "bytes a consumer", _redis)


def _compared_sizes(measured: Measurements) -> list[int]:
    """Return the sizes at which the score was to be compared with others, and not ours alone measured for growth."""
    every = (*measured.figures, *measured.unmeasured)
    return sorted({one.consumers for one in every if one.step is Step.SCORE and one.contender not in {OURS, ""}})


def _judge(bar: Bar, measured: Measurements) -> Verdict:
    value = bar.value(measured)
    asked = f"{'at least' if bar.least else 'at most'} {bar.limit:,.4g} {bar.unit}"
    if value is None:
        return Verdict(bar.what, asked, "", None)
    reached = value >= bar.limit if bar.least else value <= bar.limit
    return Verdict(bar.what, asked, f"{value:,.4g}", reached)


def _field(name_of_field: str, measured: Measurements, *, step: Step, name: str, consumers: int) -> float | None:
    figure = measured.find(step, name, consumers)
    return None if figure is None else figure.median(name_of_field)


def _growth(name: str, measured: Measurements) -> float | None:
    first, last = (measured.find(Step.SCORE, OURS, consumers) for consumers in GROWN)
    return ratio(last, first, name)


def _against(step: Step, below: str, consumers: int, above: str, measured: Measurements) -> float | None:
    """Return how many times the wall seconds of ``below`` those of ``above`` are."""
    return ratio(measured.find(step, above, consumers), measured.find(step, below, consumers), "wall")


def _over_best(consumers: int, measured: Measurements) -> float | None:
    peers = [measured.find(Step.FEATURES, name, consumers) for name in ("duckdb", "polars")]
    present: list[Figure] = [peer for peer in peers if peer is not None]
    if len(present) < len(peers):
        return None  # the best of one is no answer
    best = min(present, key=lambda figure: figure.wall)
    return ratio(measured.find(Step.FEATURES, OURS, consumers), best, "wall")


def _extraction(name: str, measured: Measurements) -> float | None:
    found = (measured.find(Step.EXTRACTION, contender, EXTRACTED) for contender in (OURS, FLOOR))
    return ratio(*found, name)


def _redis(measured: Measurements) -> float | None:
    octets = _field("redis_bytes", measured, step=Step.PUBLISHING, name=OURS, consumers=WHOLE)
    return None if octets is None else octets / WHOLE
