"""One page of a search, by the form of the query that costs least whatever the filters are.

Along the order of ``id`` a page costs the rows gone through until it is full; gathering all matches by the GIN index
costs the matches. What is frequent is found at once along the order, what is rare by gathering; the wrong one reads
the whole table for 20 rows. A planner that is given ``ORDER BY id LIMIT 20`` has to guess, and does not know what
folding a name costs. So the choice is made here, by the rows that the planner expects; and the way along the order
goes through a limited stretch, behind which the matches are gathered after all: the cost stays bounded where the
expectation is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from serve.systems.client_clauses import Clauses
from serve.systems.client_counts import EXACT_LIMIT, Count, count_clients, expected_matches
from serve.systems.client_queries import (
    Span,
    select_beyond,
    select_clients,
    select_gathered,
    select_in_order,
    select_within,
)

PASSED_ROW = 5.0
"""Microseconds for a row that is gone through in the order of ``id`` and asked for its name.

These four are of one core of the machine of `python -m benchmarks.client_listing`; only their ratios matter."""
GATHERED_ROW = 0.6
"""Microseconds for a match that is gathered and sorted."""
WORD_ENTRY = 0.08
"""Microseconds for a consumer one of whose words begins as asked, match or not: a prefix is read as a whole."""
TERM_ENTRY = 0.04
"""The same for what is compared whole: such lists are passed through side by side, in part."""

CHEAP_GATHERING = 30_000.0
"""Microseconds up to which all matches are gathered for a first page, for then they are counted as well."""

STRETCH = 2
"""How many times the expected way to a full page is gone before the matches are gathered."""

PRICED_WORDS = 6
"""Words of a name whose price is asked: each is a round trip, and a name has few more."""


@dataclass(frozen=True, slots=True)
class Page:
    """Consumers in the order of ``id``; how many there are in all, if that was asked for and the page is not void."""

    rows: Sequence[sa.RowMapping]
    count: Count | None


@dataclass(frozen=True, slots=True)
class PageReader:
    """Reads pages on a connection; the limits are arguments so that small tables try every way."""

    exact_limit: int = EXACT_LIMIT
    cheap_gathering: float = CHEAP_GATHERING

    def read(self, connection: sa.Connection, clauses: Clauses, span: Span, *, counting: bool) -> Page:
        """Return the matches of a span; with ``counting``, which takes a span without position, how many there are."""
        if clauses.searched:
            return self._read_searched(connection, clauses, span, counting=counting)
        rows = _fetch(connection, select_in_order(clauses, span))
        if not counting or len(rows) < span.limit:
            return Page(rows, _count_of_last(rows, span) if counting else None)
        is_postgres = connection.dialect.name == "postgresql"
        expected = expected_matches(connection, clauses.leading) if is_postgres and not clauses.others else None
        return Page(rows, count_clients(connection, clauses, expected=expected, exact_limit=self.exact_limit))

    def _read_searched(self, connection: sa.Connection, clauses: Clauses, span: Span, *, counting: bool) -> Page:
        expected = expected_matches(connection, clauses.likely)
        way = span.depth * expected_matches(connection, clauses.leading) / expected
        gathering = GATHERED_ROW * expected + _price_of_entries(connection, clauses, expected)
        is_cheap = gathering <= (self.cheap_gathering if counting else PASSED_ROW * way)
        if not is_cheap and PASSED_ROW * way < gathering:
            stretch = max(span.depth, int(STRETCH * way))
            rows = _fetch(connection, select_within(clauses, span, window=stretch))
            if len(rows) == span.limit:
                return Page(rows, Count(max(expected, span.depth), is_exact=False) if counting else None)
            if connection.execute(select_beyond(clauses, span, window=stretch)).first() is None:
                return Page(rows, _count_of_last(rows, span) if counting else None)
        rows = _fetch(connection, select_gathered(clauses, span))
        total = Count(rows[0]["total"]) if rows else _count_of_last(rows, span)
        return Page(rows, total if counting else None)


def _price_of_entries(connection: sa.Connection, clauses: Clauses, expected: int) -> float:
    """Return the microseconds for the entries of the index that a search reads before it has a match."""
    if len(clauses.words) == 1 and not clauses.terms:
        return WORD_ENTRY * expected
    words = sum(expected_matches(connection, [word]) for word in clauses.words[:PRICED_WORDS])
    return WORD_ENTRY * words + TERM_ENTRY * sum(expected_matches(connection, [term]) for term in clauses.terms)


def _count_of_last(rows: Sequence[sa.RowMapping], span: Span) -> Count | None:
    """Return how many matches there are where these rows are the last; None if there are none so far on."""
    return Count(span.offset + len(rows)) if rows or not span.offset else None


def _fetch(connection: sa.Connection, ids: sa.Select[Any]) -> Sequence[sa.RowMapping]:
    return connection.execute(select_clients(ids)).mappings().all()
