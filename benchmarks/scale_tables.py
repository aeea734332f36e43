"""The tables of docs/explanation/scale.md, by the name of the block that each fills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from benchmarks.scale_costs import MEASURED, MIB, MILLION
from benchmarks.scale_plan import Plan
from benchmarks.scale_prices import (
    GIB,
    NAMES,
    NIGHT_HOURS,
    PREFECT_TASKS,
    RDS_MOST_BYTES,
    REDIS_COMPACT_ENTRIES,
    REDIS_USABLE,
    S3_PUTS_A_SECOND,
)
from benchmarks.scale_schedules import WORKERS
from benchmarks.scale_sizing import (
    GB,
    HOUR,
    RANGE_GETS,
    RANGE_PUTS,
    Reads,
    Swing,
    cpu_seconds,
    driver_seconds,
    entries_a_bucket,
    full_reads,
    incremental_reads,
    money,
    money_per_million,
    night_seconds,
    publication,
    ranges_seconds,
    reading_seconds,
    redis_nodes,
    sensitivity,
    sizes,
)
from flows.run_plan import MAX_TASKS

WINDOWS = (2, 4, 6, 8)
RANGE_SIZES = (10_000, 20_000, 50_000, 100_000)
SHOWN_SWINGS = 8
LEAST_SWING = 0.005
"""Hours or dollars that show with two decimals."""
GROWTH = 10
NAMED = {
    "extract_cpu": "extraction's CPU",
    "score_cpu": "features' and scores' CPU",
    "documents": "documents a consumer",
    "lake_bytes": "lake, bytes a consumer",
    "copy_cpu": "COPY's CPU",
    "publish_cpu": "publishing's CPU, client",
    "redis_bytes": "Redis, bytes a consumer",
    "postgres_bytes": "PostgreSQL, bytes a consumer",
    "worker": "price of a worker's machine",
    "driver": "price of the run's own machine",
    "redis_node": "price of a Redis node",
    "postgres": "price of PostgreSQL's machine",
    "postgres_storage": "price of PostgreSQL's storage",
    "s3_storage": "price of the lake's storage",
    "s3_put": "price of a PUT",
    "s3_get": "price of a GET",
    "transfer": "price of transfer between zones",
    "region": "São Paulo's factor",
    "s3_latency": "S3's latency",
    "rate_a": "rate that Base A allows",
    "rate_b": "rate that Base B allows",
    "rate_c": "rate that Base C allows",
    "core": "speed of a core there",
    "replicas": "copies of Redis and PostgreSQL",
    "runs_kept": "runs that are kept",
}


def tables(plan: Plan) -> Mapping[str, str]:
    """Return every block's text."""
    return {
        "night": night_table(plan),
        "reads": reads_table(plan),
        "window": window_table(plan),
        "schedule": schedule_table(plan),
        "publication": publication_table(plan),
        "range-size": range_size_table(plan),
        "money": money_table(plan),
        "growth": growth_table(plan),
        "hours-swing": swing_table(plan, "hours", "hours of a full night"),
        "money-swing": swing_table(plan, "dollars", "$ a million scores"),
        "costs": costs_table(),
        "assumptions": assumptions_table(plan),
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _hours(seconds: float) -> str:
    return f"{seconds / 60:,.1f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:,.1f} h"


def _size(size: float) -> str:
    return f"{size / GB:,.0f} GB" if size < 1000 * GB else f"{size / GB / 1000:,.1f} TB"


def _number(value: float) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def _page_link(page: str) -> str:
    return f"[{page.rpartition('/')[2]}](../{page})"


def night_table(plan: Plan) -> str:
    """Return the whole night at a glance."""
    scale, costs, given = plan.scale, plan.costs, plan.given
    held, parts = sizes(scale, costs, given), publication(scale, costs, given)
    ranges = plan.outcome(scale.workers, limited=True, failing=False).schedule.makespan
    asked = driver_seconds(scale, given)
    kept = given.value("runs_kept")
    rows = [
        ("consumers; their events", f"{scale.consumers:,}; {scale.consumers * costs.documents / 1e9:.2f} billion"),
        ("ranges, of so many consumers", f"{scale.ranges:,}, of {scale.range_size:,}"),
        ("workers of one core; machines of 8 vCPU", f"{scale.workers}; {scale.machines} and one for the run itself"),
        ("a worker's memory, from the lake", f"{held.worker / MIB:,.0f} MiB"),
        ("CPU of all ranges", f"{cpu_seconds(scale.consumers, costs, given) / HOUR:.1f} hours of a core"),
        ("before the first range: the run asks the lake", _hours(asked)),
        ("the ranges, simulated, stores at the allowed rates", _hours(ranges)),
        ("publication, at least", _hours(parts.seconds)),
        ("**the night**", f"**{_hours(asked + ranges + parts.seconds)}**"),
        ("Redis, at its peak; nodes of 105.81 GiB", f"{_size(held.redis)}; {redis_nodes(scale, costs, given)}"),
        ("PostgreSQL: a run; all that are kept", f"{_size(held.postgres / kept)}; {_size(held.postgres)}"),
        ("lake: a run; all that are kept", f"{_size(held.lake / kept)}; {_size(held.lake)}"),
        ("requests to S3", f"{scale.ranges * RANGE_PUTS:,} PUT or LIST, {scale.ranges * RANGE_GETS:,} GET or HEAD"),
        ("**a million scores**", f"**${money_per_million(scale, costs, given):.2f}**"),
    ]
    return _table(("a full night", "plan"), rows)


def reads_table(plan: Plan) -> str:
    """Return what full and incremental nights read."""
    consumers, costs = plan.scale.consumers, plan.costs
    kinds = (
        ("full", full_reads(consumers, costs)),
        ("incremental, as it is", incremental_reads(consumers, costs)),
        (
            "incremental, if debts, incomes and assets told when they changed",
            incremental_reads(consumers, costs, dated=True),
        ),
    )
    return _table(
        ("night", "rows of A", "rows of B", "documents of C", "bytes", "A", "B", "C, at the allowed rates"),
        [(name, *_read_row(reads, plan)) for name, reads in kinds],
    )


def _read_row(reads: Reads, plan: Plan) -> list[str]:
    amounts = [f"{amount / MILLION:,.0f} M" for amount in (reads.rows_a, reads.rows_b, reads.documents)]
    return [*amounts, _size(reads.size), *(_hours(seconds) for seconds in reading_seconds(reads, plan.given))]


def window_table(plan: Plan) -> str:
    """Return what each store must give for a full night's ranges in so many hours."""
    reads = full_reads(plan.scale.consumers, plan.costs)
    cpu = cpu_seconds(plan.scale.consumers, plan.costs, plan.given)
    rows = []
    for window in WINDOWS:
        seconds = window * HOUR
        rates = [f"{amount / seconds:,.0f}" for amount in (reads.rows_a, reads.rows_b, reads.documents)]
        rows.append((f"{window}", *rates, f"{reads.size / seconds / 1e6:,.0f}", f"{cpu / seconds:.1f}"))
    records = reads.rows_a + reads.rows_b + reads.documents
    rate = plan.costs.embedded_rate
    return (
        _table(("hours", "A, rows/s", "B, rows/s", "C, documents/s", "MB/s, all", "cores kept busy"), rows)
        + f"\n\nMeasured on the demo's embedded stores: {rate:,.0f} records/s in all, which would be"
        f" {records / rate / HOUR / 24:.1f} days."
    )


def schedule_table(plan: Plan) -> str:
    """Return the simulated schedules."""
    rows = []
    for limited, name in ((False, "without limit"), (True, "at the allowed rates")):
        for workers in WORKERS:
            calm = plan.outcome(workers, limited=limited, failing=False)
            rough = plan.outcome(workers, limited=limited, failing=True)
            rows.append(
                (
                    f"{name}, {workers}",
                    _hours(calm.schedule.makespan),
                    f"{calm.schedule.makespan / calm.bound:.2f}",
                    f"{calm.schedule.efficiency:.0%}",
                    f"{calm.schedule.idle_tail / workers:,.0f} s",
                    _hours(rough.schedule.makespan),
                    f"{rough.schedule.failures}",
                    f"{rough.schedule.repeated}",
                )
            )
    return _table(
        (
            "stores, workers",
            "time",
            "over the bound",
            "efficiency",
            "idle at the end, a worker",
            "with failures",
            "failures",
            "ranges begun again",
        ),
        rows,
    )


def publication_table(plan: Plan) -> str:
    """Return the streams of the publication."""
    parts = publication(plan.scale, plan.costs, plan.given)
    rows = [
        ("reads ranges from the lake, one request after another", parts.lake),
        ("the publishing process: decodes, hashes, encodes", parts.client),
        ("PostgreSQL: COPY, one stream", parts.copy),
        ("Redis: one thread writes entries", parts.redis),
        ("PostgreSQL, after the last row: key, index, check, statistics", parts.index),
        ("**the slowest of the first four, and the last**", parts.seconds),
        (
            "what the machine of the figures would take, all on two cores",
            plan.scale.consumers * plan.costs.publish_wall,
        ),
    ]
    consumers = plan.scale.consumers
    return _table(
        ("stream", "at least", "consumers/s"),
        [(name, _hours(seconds), f"{consumers / seconds:,.0f}") for name, seconds in rows],
    )


def range_size_table(plan: Plan) -> str:
    """Return what the size of a range decides."""
    rows = []
    for size in RANGE_SIZES:
        scale = replace(plan.scale, range_size=size)
        parts = publication(scale, plan.costs, plan.given)
        rows.append(
            (
                f"{size:,}",
                f"{scale.ranges:,}",
                f"{scale.ranges * (RANGE_PUTS + RANGE_GETS) / 1000:,.0f} thousand",
                _hours(driver_seconds(scale, plan.given)),
                _hours(parts.lake),
                f"{sizes(scale, plan.costs, plan.given).worker / MIB:,.0f} MiB",
            )
        )
    head = (
        "consumers a range",
        "ranges",
        "requests",
        "before the first range",
        "reading to publish",
        "a worker's memory",
    )
    return _table(head, rows)


def money_table(plan: Plan) -> str:
    """Return dollars by what they buy."""
    parts = money(plan.scale, plan.costs, plan.given)
    total, millions = sum(parts.values()), plan.scale.consumers / MILLION
    ordered = sorted(parts.items(), key=lambda item: -item[1])
    rows = [(name, f"{d:,.2f}", f"{d / millions:.3f}", f"{d / total:.1%}") for name, d in ordered]
    rows.append(("**all**", f"**{total:,.2f}**", f"**{total / millions:.3f}**", ""))
    return _table(("what", "$ a night", "$ a million scores", "share"), rows)


def growth_table(plan: Plan) -> str:
    """Return how much of each limit is used, now and with ten times the consumers, most first."""
    grown = replace(plan, scale=replace(plan.scale, consumers=GROWTH * plan.scale.consumers))
    now, then = _limits(plan), _limits(grown)
    ordered = sorted(now, key=lambda name: -then[name][0])
    rows = [(name, now[name][1], _share(now[name][0]), _share(then[name][0])) for name in ordered]
    return _table(("what is used up", "limit", "now", f"at {GROWTH} times"), rows)


def _share(share: float) -> str:
    return f"**{share:.0%}**" if share > 1 else f"{share:.0%}"


def _limits(plan: Plan) -> dict[str, tuple[float, str]]:
    """Return the share of each limit that is used, and the limit in words."""
    scale, costs, given = plan.scale, plan.costs, plan.given
    parts, held = publication(scale, costs, given), sizes(scale, costs, given)
    reading = reading_seconds(full_reads(scale.consumers, costs), given)
    night = f"{NIGHT_HOURS:.0f} h"
    seconds = {
        "Base A at its allowed rate": reading[0],
        "Base B at its allowed rate": reading[1],
        "Base C at its allowed rate": reading[2],
        "the workers' cores": cpu_seconds(scale.consumers, costs, given) / scale.workers,
        "the run asks the lake before the first range": driver_seconds(scale, given),
        "publication: one reader of the lake": parts.lake,
        "publication: one process": parts.client,
        "publication: one COPY, and the index": parts.copy + parts.index,
        "publication: Redis's one thread": parts.redis,
    }
    shares = {name: (taken / HOUR / NIGHT_HOURS, night) for name, taken in seconds.items()}
    puts = scale.ranges * RANGE_PUTS / ranges_seconds(scale, costs, given)
    return shares | {
        "Redis's memory on one node": (held.redis / REDIS_USABLE, f"{REDIS_USABLE / GIB:.0f} GiB"),
        "PostgreSQL, runs that are kept": (held.postgres / RDS_MOST_BYTES, f"{RDS_MOST_BYTES / 2**40:.0f} TiB"),
        "entries in a Redis hash": (
            entries_a_bucket(scale.consumers) / REDIS_COMPACT_ENTRIES,
            f"{REDIS_COMPACT_ENTRIES} in the compact form",
        ),
        "tasks of a step": (
            min(scale.ranges, MAX_TASKS) / PREFECT_TASKS,
            f"{PREFECT_TASKS:,}, where a Prefect server was seen to falter",
        ),
        "PUTs a second to one prefix": (puts / S3_PUTS_A_SECOND, f"{S3_PUTS_A_SECOND:,}"),
    }


def swing_table(plan: Plan, result: str, name: str) -> str:
    """Return which numbers move a result most."""
    swings: list[Swing] = sensitivity(plan.scale, plan.costs, plan.given, result)
    rows = [
        (NAMED[swing.name], f"/ and x {swing.times:g}", f"{swing.low:.2f}", f"{swing.high:.2f}")
        for swing in swings[:SHOWN_SWINGS]
        if swing.width > LEAST_SWING
    ]
    base = (
        night_seconds(plan.scale, plan.costs, plan.given) / HOUR
        if result == "hours"
        else money_per_million(plan.scale, plan.costs, plan.given)
    )
    return _table((f"{name}: {base:.2f}", "varied", "with it low", "with it high"), rows)


def costs_table() -> str:
    """Return the measured figures that the plan rests on, as they are read."""
    rows = [(figure.what, _number(figure.read()), figure.unit, _page_link(figure.page)) for figure in MEASURED.values()]
    return _table(("measured", "figure", "unit", "page"), rows)


def assumptions_table(plan: Plan) -> str:
    """Return every assumption with its source."""
    held = {name: getattr(plan.given, name) for name in NAMES}
    rows = [(NAMED[name], _number(a.value), a.unit, a.source) for name, a in held.items()]
    return _table(("assumed", "value", "unit", "source"), rows)
