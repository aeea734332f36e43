"""A night of so many consumers, from unit costs and assumptions: pure arithmetic, no simulation.

Hours here are bounds that no schedule beats: the slowest of the cores and the three stores for the ranges, the slowest
of four streams for the publication. ``range_schedule`` says how near a real schedule comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.range_schedule import RangeCosts
from benchmarks.scale_costs import MILLION, UnitCosts
from benchmarks.scale_prices import MONTH_NIGHTS, NAMES, REDIS_USABLE, Assumptions
from serve.published.key_layout import MAX_BUCKETS, bucket_count
from serve.publishing.entry_groups import GROUP_ROWS

COUNTRY = 220 * MILLION
GENERATIONS = 3
"""In Redis while a run is staged: the run in force, the one before, the new one."""
HISTORY_DAYS = 1096
"""Days over which a consumer's events are spread: 36 months."""
EVENT_DAYS = 1 + 3
"""Days of events that an incremental night reads: the last one and SCORE_OVERLAP_DAYS."""
CHANGED = 0.01
"""Share of the consumers that change from one night to the next; assumed."""
WORKERS_A_MACHINE = 8
GB = 1e9
HOUR = 3600.0


# Requests to S3 that a range of a full run makes one after the other, where each is made; a test counts them.
DRIVER_REQUESTS = 1
"""HEAD: is the range finished already? Asked by the run's process, before any task goes out."""
READ_REQUESTS = 1 + 2 + 11
"""HEAD, the nine files and the manifest of the snapshot, LIST, after two HEADs that find nothing done yet."""
WORK_REQUESTS = 5
"""HEAD, features, scores, manifest, LIST."""
PUBLISH_REQUESTS = 8
"""HEAD and GET of two manifests, the scores and the rejects. Made by the one process that publishes."""
LOOK_OVER_REQUESTS = 28
"""HEAD and GET of all files of a range that was finished before its worker failed."""
ASIDE_FILES = 8
"""Files of what a snapshot did not admit, at most; a PUT each."""
RANGE_PUTS = 9 + 1 + 1 + 3 + 1 + ASIDE_FILES
RANGE_GETS = DRIVER_REQUESTS + 2 + 1 + 1 + PUBLISH_REQUESTS


@dataclass(frozen=True, slots=True)
class Scale:
    """How much there is to do, and with what: consumers, consumers a range, workers of one core each."""

    consumers: int = COUNTRY
    range_size: int = 50_000
    workers: int = 8

    @property
    def ranges(self) -> int:
        """Return the number of CPF ranges."""
        return -(-self.consumers // self.range_size)

    @property
    def machines(self) -> int:
        """Return the machines that hold the workers."""
        return -(-self.workers // WORKERS_A_MACHINE)


@dataclass(frozen=True, slots=True)
class Reads:
    """What a night reads from the operational stores: rows, documents, bytes."""

    rows_a: float
    rows_b: float
    documents: float
    bytes_a: float
    bytes_b: float
    bytes_c: float

    @property
    def size(self) -> float:
        """Return all bytes."""
        return self.bytes_a + self.bytes_b + self.bytes_c


def full_reads(consumers: int, costs: UnitCosts) -> Reads:
    """Return what a full night reads."""
    a_consumer = (costs.rows_a, costs.rows_b, costs.documents, costs.bytes_a, costs.bytes_b, costs.bytes_c)
    return Reads(*(consumers * amount for amount in a_consumer))


def incremental_reads(consumers: int, costs: UnitCosts, *, dated: bool = False) -> Reads:
    """Return what an incremental night reads: changed consumers, the last days' events, three tables whole.

    ``dated`` tells what it would be if those tables had a time of update. Bytes are taken to follow the rows.
    """
    share = CHANGED if dated else 1.0
    rows_a = CHANGED + costs.debts * share
    rows_b = CHANGED + (costs.rows_b - 1) * share
    documents = costs.documents * EVENT_DAYS / HISTORY_DAYS
    return Reads(
        consumers * rows_a,
        consumers * rows_b,
        consumers * documents,
        consumers * costs.bytes_a * rows_a / costs.rows_a,
        consumers * costs.bytes_b * rows_b / costs.rows_b,
        consumers * costs.bytes_c * documents / costs.documents,
    )


def reading_seconds(reads: Reads, given: Assumptions) -> tuple[float, float, float]:
    """Return how long each store takes at the rate that its owner allows."""
    return (
        reads.rows_a / given.value("rate_a"),
        reads.rows_b / given.value("rate_b"),
        reads.documents / given.value("rate_c"),
    )


def range_costs(scale: Scale, costs: UnitCosts, given: Assumptions, *, stores: bool = True) -> RangeCosts:
    """Return what one range takes, for the simulation; without stores, as if their reading cost no time."""
    size, speed, latency = scale.range_size, given.value("core"), given.value("s3_latency")
    return RangeCosts(
        read_cpu=size * costs.extract_cpu / speed,
        work_cpu=size * costs.score_cpu / speed,
        records=(size * costs.rows_a, size * costs.rows_b, size * costs.documents) if stores else (),
        read_wait=READ_REQUESTS * latency,
        work_wait=WORK_REQUESTS * latency,
        look_over=LOOK_OVER_REQUESTS * latency,
    )


def cpu_seconds(consumers: int, costs: UnitCosts, given: Assumptions) -> float:
    """Return the CPU seconds of all ranges: extraction, features and scores."""
    return consumers * (costs.extract_cpu + costs.score_cpu) / given.value("core")


def ranges_seconds(scale: Scale, costs: UnitCosts, given: Assumptions) -> float:
    """Return the least that the ranges take: the slowest of the workers' cores and the three stores."""
    cores = cpu_seconds(scale.consumers, costs, given) / scale.workers
    return max(cores, *reading_seconds(full_reads(scale.consumers, costs), given))


def redis_cpu(consumers: int, costs: UnitCosts, *, gathered: int = GROUP_ROWS) -> float:
    """Return Redis's CPU seconds for writing one generation, between the measured rows a bucket; flat outside."""
    rows, seconds = zip(*costs.redis_cpu, strict=True)
    in_a_bucket = min(gathered, consumers) / bucket_count(consumers)
    return consumers * float(np.interp(np.log(in_a_bucket), np.log(rows), seconds))


@dataclass(frozen=True, slots=True)
class Publication:
    """Seconds of each stream that publishes, which run side by side, and of what comes after them."""

    lake: float
    client: float
    copy: float
    redis: float
    index: float

    @property
    def seconds(self) -> float:
        """Return the least that publishing takes."""
        return max(self.lake, self.client, self.copy, self.redis) + self.index


def publication(scale: Scale, costs: UnitCosts, given: Assumptions) -> Publication:
    """Return what publishing takes when each stream has a core of its own."""
    speed = given.value("core")
    return Publication(
        lake=scale.ranges * PUBLISH_REQUESTS * given.value("s3_latency"),
        client=scale.consumers * costs.publish_cpu / speed,
        copy=scale.consumers * costs.copy_cpu / speed,
        redis=redis_cpu(scale.consumers, costs) / speed,
        index=scale.consumers * costs.index_cpu / speed,
    )


def driver_seconds(scale: Scale, given: Assumptions) -> float:
    """Return how long the run's process asks the lake, range after range, before the first task goes out."""
    return scale.ranges * DRIVER_REQUESTS * given.value("s3_latency")


def night_seconds(scale: Scale, costs: UnitCosts, given: Assumptions) -> float:
    """Return the least that a full night takes, from the first question to the switch."""
    return (
        driver_seconds(scale, given)
        + costs.start_up
        + ranges_seconds(scale, costs, given)
        + publication(scale, costs, given).seconds
    )


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes that stay: Redis at its peak, PostgreSQL and the lake with all runs that are kept, one worker's memory."""

    redis: float
    postgres: float
    lake: float
    worker: float


def sizes(scale: Scale, costs: UnitCosts, given: Assumptions) -> Sizes:
    """Return how large the stores grow."""
    kept = given.value("runs_kept")
    return Sizes(
        redis=GENERATIONS * scale.consumers * costs.redis_bytes,
        postgres=kept * scale.consumers * costs.postgres_bytes,
        lake=kept * scale.consumers * costs.lake_bytes,
        worker=costs.memory_fixed + scale.range_size * costs.memory_a_consumer,
    )


def redis_nodes(scale: Scale, costs: UnitCosts, given: Assumptions) -> int:
    """Return the nodes of Redis that hold its peak, without their replicas."""
    return int(-(-sizes(scale, costs, given).redis // REDIS_USABLE))


def entries_a_bucket(consumers: int) -> float:
    """Return the entries in a Redis hash, which rise above the aim once there can be no more buckets."""
    return consumers / min(MAX_BUCKETS, bucket_count(consumers))


def money(scale: Scale, costs: UnitCosts, given: Assumptions) -> dict[str, float]:
    """Return dollars a night by what they buy; what always runs is paid by the day."""
    of = given.value
    held, reads = sizes(scale, costs, given), full_reads(scale.consumers, costs)
    worked = costs.start_up + ranges_seconds(scale, costs, given)
    parts = {
        "workers": scale.machines * of("worker") * worked / HOUR,
        "driver": of("driver") * night_seconds(scale, costs, given) / HOUR,
        "Redis": 24 * of("redis_node") * redis_nodes(scale, costs, given) * of("replicas"),
        "PostgreSQL, machines": 24 * of("postgres") * of("replicas"),
        "PostgreSQL, storage": of("postgres_storage") * of("replicas") * held.postgres / GB / MONTH_NIGHTS,
        "lake, storage": of("s3_storage") * held.lake / GB / MONTH_NIGHTS,
        "lake, requests": scale.ranges * (RANGE_PUTS * of("s3_put") + RANGE_GETS * of("s3_get")) / 1000,
        "transfer between zones": of("transfer") * reads.size / GB,
    }
    return {name: dollars * of("region") for name, dollars in parts.items()}


def money_per_million(scale: Scale, costs: UnitCosts, given: Assumptions) -> float:
    """Return dollars a million scores."""
    return sum(money(scale, costs, given).values()) * MILLION / scale.consumers


@dataclass(frozen=True, slots=True)
class Swing:
    """What varying one number does: the result with it low and with it high."""

    name: str
    times: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """Return how far apart the two results are."""
        return abs(self.high - self.low)


VARIED_COSTS = (
    "extract_cpu",
    "score_cpu",
    "documents",
    "lake_bytes",
    "copy_cpu",
    "publish_cpu",
    "redis_bytes",
    "postgres_bytes",
)


def sensitivity(scale: Scale, costs: UnitCosts, given: Assumptions, result: str) -> list[Swing]:
    """Return by how much hours or money change when each number alone is divided and multiplied, most first.

    ``result`` is ``"hours"`` or ``"dollars"`` (a million scores).
    """

    def outcome(costs: UnitCosts, given: Assumptions) -> float:
        if result == "hours":
            return night_seconds(scale, costs, given) / HOUR
        return money_per_million(scale, costs, given)

    swings = []
    for name in VARIED_COSTS:
        ends = [outcome(replace(costs, **{name: getattr(costs, name) * times}), given) for times in (0.5, 2.0)]
        swings.append(Swing(name, 2.0, *ends))
    for name in NAMES:
        held = getattr(given, name)
        values = [replace(held, value=held.value * times) for times in (1 / held.times, held.times)]
        ends = [outcome(costs, replace(given, **{name: value})) for value in values]
        swings.append(Swing(name, held.times, *ends))
    return sorted(swings, key=lambda swing: (-swing.width, swing.name))
