"""How many consumers meet a search: exactly as far as that costs little, else as the database expects.

PostgreSQL's planner knows from its statistics how many rows to expect, and says so without reading any. Oracle is
asked for a sample of the table's blocks (never yet run on Oracle).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from serve.systems.client_clauses import Clause, Clauses
from serve.systems.client_queries import count_matches, count_sampled, select_matches

EXACT_LIMIT = 10_000
"""Matches that are counted one by one, in a few milliseconds; whoever has more will not page through them."""

ESTIMATE_FACTOR = 2
"""The planner's figure stands, and nothing is counted, from this many times the exact limit on: it may err."""

SAMPLE_PERCENT = 1
COUNTED = "exata"
ESTIMATED = "estimada"


@dataclass(frozen=True, slots=True)
class Count:
    """A number of consumers, counted or estimated."""

    value: int
    is_exact: bool = True

    @property
    def kind(self) -> str:
        """Return how the number came about, as the answer's ``X-Contagem`` says it."""
        return COUNTED if self.is_exact else ESTIMATED


def count_clients(
    connection: sa.Connection, clauses: Clauses, *, expected: int | None, exact_limit: int = EXACT_LIMIT
) -> Count:
    """Return how many consumers meet the conditions; ``expected`` is the planner's figure, None if there is none."""
    dialect = connection.dialect.name
    if dialect not in ("postgresql", "oracle"):
        return Count(_number(connection, count_matches(clauses)))
    if expected is not None and expected >= ESTIMATE_FACTOR * exact_limit:
        return Count(expected, is_exact=False)
    counted = _number(connection, count_matches(clauses, limit=exact_limit + 1))
    if counted <= exact_limit:
        return Count(counted)
    if dialect == "oracle":
        expected = _number(connection, count_sampled(clauses, percent=SAMPLE_PERCENT)) * 100 // SAMPLE_PERCENT
    return Count(max(expected or 0, counted), is_exact=False)


def expected_matches(connection: sa.Connection, conditions: Sequence[Clause]) -> int:
    """Return how many consumers PostgreSQL's planner expects under the conditions, at least one."""
    compiled = select_matches(conditions).compile(connection)
    plan: Any = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {compiled}", compiled.params).scalar_one()
    document = json.loads(plan) if isinstance(plan, str | bytes) else plan
    return max(1, int(document[0]["Plan"]["Plan Rows"]))


def _number(connection: sa.Connection, query: sa.Select[Any]) -> int:
    return int(connection.scalar(query) or 0)
