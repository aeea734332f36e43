"""What the plan assumes and nobody here measured: list prices, latencies, rates that owners of stores allow, limits.

Prices are list prices on demand of us-east-1 in US dollars, without discounts and taxes, as the named pages gave them;
São Paulo costs more, by a factor that is itself an assumption. No price was looked up at the source. What
``deploy/costs/prices.yaml`` has a price of too has the same one there, which a test holds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumed number: its unit, where it comes from, and how far it is varied in the table of sensitivity."""

    value: float
    unit: str
    source: str
    times: float = 2.0


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All of them; ``value("worker")`` is the number alone."""

    worker: Assumption = Assumption(
        0.3264, "$/h, m7g.2xlarge: 8 vCPU, 32 GiB", "Karpenter's list of AWS's prices, 19 January 2026"
    )
    driver: Assumption = Assumption(0.3264, "$/h, the same machine", "as above")
    redis_node: Assumption = Assumption(
        1.396,
        "$/h, cache.r7g.4xlarge with Valkey: 105.81 GiB, a quarter of it reserved",
        "a list on GitHub, undated; Redis at 1.745, a fifth less",
    )
    postgres: Assumption = Assumption(
        0.956, "$/h, db.r8g.2xlarge, one zone", "db.r8g.xlarge at $0.478 (usage.ai, June 2026), times 2"
    )
    postgres_storage: Assumption = Assumption(0.115, "$/GB a month, gp3", "usage.ai, June 2026")
    s3_storage: Assumption = Assumption(0.023, "$/GB a month, Standard", "devnotes.tech; usage.ai, June 2026")
    s3_put: Assumption = Assumption(0.005, "$ per 1,000 PUT, POST, LIST", "devnotes.tech; usage.ai, June 2026")
    s3_get: Assumption = Assumption(0.0004, "$ per 1,000 GET, HEAD", "devnotes.tech; usage.ai, June 2026")
    transfer: Assumption = Assumption(0.02, "$/GB read from stores in another zone, both sides", "general knowledge")
    region: Assumption = Assumption(
        1.5,
        "São Paulo over us-east-1",
        "general knowledge; tables on GitHub say 1.2 to 1.4, and 2.1 for RDS",
        times=1.25,
    )
    s3_latency: Assumption = Assumption(
        0.03, "s a request of some kB to 6 MB", "general knowledge; AWS speaks of 0.1 to 0.2 s at worst", times=3.0
    )
    rate_a: Assumption = Assumption(150_000, "rows/s that Base A's owner allows", "chosen")
    rate_b: Assumption = Assumption(75_000, "rows/s that Base B's owner allows", "chosen")
    rate_c: Assumption = Assumption(300_000, "documents/s that Base C's owner allows", "chosen")
    core: Assumption = Assumption(1.0, "speed of a vCPU there over a core here", "not measured", times=1.5)
    replicas: Assumption = Assumption(
        2.0, "copies of Redis and PostgreSQL: one that works, one that stands by", "chosen"
    )
    runs_kept: Assumption = Assumption(42.0, "runs: 30 nights (SCORE_RETENTION_RUNS) and 12 month-ends", "chosen")

    def value(self, name: str) -> float:
        """Return one assumption's number."""
        found: Any = getattr(self, name)
        return float(found.value)


NAMES = tuple(field.name for field in fields(Assumptions))

REDIS_USABLE = 0.75 * 105.81 * GIB
"""Bytes of the assumed node that keys may take."""
RDS_MOST_BYTES = 64 * 2**40
"""Largest PostgreSQL on RDS: 64 TiB."""
NIGHT_HOURS = 8.0
"""What a night may take."""
REDIS_COMPACT_ENTRIES = 128
"""Entries that a Redis hash may have in the compact encoding, where the service has not raised the limit."""
S3_PUTS_A_SECOND = 3_500
"""PUTs a second that S3 promises each partitioned prefix (AWS, "Optimizing performance")."""
PREFECT_TASKS = 2_000
"""Tasks of one step that destabilised a Prefect server (Prefect #18883; ``flows.run_plan``)."""
MONTH_NIGHTS = 30
