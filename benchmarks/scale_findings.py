"""What the plan finds and rests on, as tables: limits at ten times the size, what matters most, costs, assumptions."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.scale_cells import in_digits, make_table
from benchmarks.scale_costs import MEASURED
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
from benchmarks.scale_sizing import (
    HOUR,
    RANGE_PUTS,
    Swing,
    cpu_seconds,
    driver_seconds,
    entries_a_bucket,
    full_reads,
    money_per_million,
    night_seconds,
    publication,
    ranges_seconds,
    reading_seconds,
    sensitivity,
    sizes,
)
from flows.run_plan import MAX_TASKS

GROWTH = 10
SHOWN_SWINGS = 8
LEAST_SWING = 0.005
"""Hours or dollars that show with two decimals."""
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


def growth_table(plan: Plan) -> str:
    """Return how much of each limit is used, now and with ten times the consumers, most first."""
    grown = replace(plan, scale=replace(plan.scale, consumers=GROWTH * plan.scale.consumers))
    now, then = _limits(plan), _limits(grown)
    ordered = sorted(now, key=lambda name: -then[name][0])
    rows = [(name, now[name][1], _share(now[name][0]), _share(then[name][0])) for name in ordered]
    return make_table(("what is used up", "limit", "now", f"at {GROWTH} times"), rows)


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
    return make_table((f"{name}: {base:.2f}", "varied", "with it low", "with it high"), rows)


def costs_table() -> str:
    """Return the measured figures that the plan rests on, as they are read."""
    rows = [
        (figure.what, in_digits(figure.read()), figure.unit, _page_link(figure.page)) for figure in MEASURED.values()
    ]
    return make_table(("measured", "figure", "unit", "page"), rows)


def _page_link(page: str) -> str:
    return f"[{page.rpartition('/')[2]}](../{page})"


def assumptions_table(plan: Plan) -> str:
    """Return every assumption with its source."""
    held = {name: getattr(plan.given, name) for name in NAMES}
    rows = [(NAMED[name], in_digits(a.value), a.unit, a.source) for name, a in held.items()]
    return make_table(("assumed", "value", "unit", "source"), rows)
