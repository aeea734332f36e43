"""The tables of docs/explanation/scale.md, by the name of the block that each fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from benchmarks.scale_cells import in_bytes, in_hours, make_table
from benchmarks.scale_costs import MIB, MILLION
from benchmarks.scale_findings import assumptions_table, costs_table, growth_table, swing_table
from benchmarks.scale_plan import Plan
from benchmarks.scale_schedules import WORKERS
from benchmarks.scale_sizing import (
    HOUR,
    RANGE_GETS,
    RANGE_PUTS,
    Reads,
    cpu_seconds,
    driver_seconds,
    full_reads,
    incremental_reads,
    money,
    money_per_million,
    publication,
    reading_seconds,
    redis_nodes,
    sizes,
)

WINDOWS = (2, 4, 6, 8)
RANGE_SIZES = (10_000, 20_000, 50_000, 100_000)


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
        ("before the first range: the run asks the lake", in_hours(asked)),
        ("the ranges, simulated, stores at the allowed rates", in_hours(ranges)),
        ("publication, at least", in_hours(parts.seconds)),
        ("**the night**", f"**{in_hours(asked + ranges + parts.seconds)}**"),
        ("Redis, at its peak; nodes of 105.81 GiB", f"{in_bytes(held.redis)}; {redis_nodes(scale, costs, given)}"),
        ("PostgreSQL: a run; all that are kept", f"{in_bytes(held.postgres / kept)}; {in_bytes(held.postgres)}"),
        ("lake: a run; all that are kept", f"{in_bytes(held.lake / kept)}; {in_bytes(held.lake)}"),
        ("requests to S3", f"{scale.ranges * RANGE_PUTS:,} PUT or LIST, {scale.ranges * RANGE_GETS:,} GET or HEAD"),
        ("**a million scores**", f"**${money_per_million(scale, costs, given):.2f}**"),
    ]
    return make_table(("a full night", "plan"), rows)


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
    return make_table(
        ("night", "rows of A", "rows of B", "documents of C", "bytes", "A", "B", "C, at the allowed rates"),
        [(name, *_read_row(reads, plan)) for name, reads in kinds],
    )


def _read_row(reads: Reads, plan: Plan) -> list[str]:
    amounts = [f"{amount / MILLION:,.0f} M" for amount in (reads.rows_a, reads.rows_b, reads.documents)]
    return [*amounts, in_bytes(reads.size), *(in_hours(seconds) for seconds in reading_seconds(reads, plan.given))]


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
        make_table(("hours", "A, rows/s", "B, rows/s", "C, documents/s", "MB/s, all", "cores kept busy"), rows)
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
                    in_hours(calm.schedule.makespan),
                    f"{calm.schedule.makespan / calm.bound:.2f}",
                    f"{calm.schedule.efficiency:.0%}",
                    f"{calm.schedule.idle_tail / workers:,.0f} s",
                    in_hours(rough.schedule.makespan),
                    f"{rough.schedule.failures}",
                    f"{rough.schedule.repeated}",
                )
            )
    return make_table(
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
    return make_table(
        ("stream", "at least", "consumers/s"),
        [(name, in_hours(seconds), f"{consumers / seconds:,.0f}") for name, seconds in rows],
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
                in_hours(driver_seconds(scale, plan.given)),
                in_hours(parts.lake),
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
    return make_table(head, rows)


def money_table(plan: Plan) -> str:
    """Return dollars by what they buy."""
    parts = money(plan.scale, plan.costs, plan.given)
    total, millions = sum(parts.values()), plan.scale.consumers / MILLION
    ordered = sorted(parts.items(), key=lambda item: -item[1])
    rows = [(name, f"{d:,.2f}", f"{d / millions:.3f}", f"{d / total:.1%}") for name, d in ordered]
    rows.append(("**all**", f"**{total:,.2f}**", f"**{total / millions:.3f}**", ""))
    return make_table(("what", "$ a night", "$ a million scores", "share"), rows)
