"""What Base A is asked: a page of consumers, how many there are, and the debts of theirs that may be shown.

A page is found by the ``id`` that it starts after, in the order of ``id``, so that its cost does not grow with its
number. There are three forms of the search for the ids; ``client_paging`` says when each serves. A debt shows while
it is open and not more than five years past due (CDC art. 43 §1; Súmulas 323 and 548 STJ): one that is paid leaves
at once. One whose due date is no plausible date (``infinity``) would never be too old: it does not show at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import ge, gt, le, lt
from typing import Any, Literal

import sqlalchemy as sa

from contracts.reference_date import LATEST_DATE
from serve.systems.client_clauses import Clause, Clauses
from serve.systems.source_tables import CLIENTE, DIVIDA

Way = Literal[">", ">=", "<", "<="]
_COMPARE = {">": gt, ">=": ge, "<": lt, "<=": le}
_ID: sa.ColumnClause[str] = sa.column("id", sa.String(36))


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page lies: after (``>``) or before (``<``) an id, itself included or not."""

    way: Way
    id: str

    @property
    def is_backward(self) -> bool:
        """Return whether the page ends at the id rather than starting there."""
        return self.way.startswith("<")


@dataclass(frozen=True, slots=True)
class Span:
    """Which matches are wanted: from a position (None: the start) skip ``offset``, then take ``limit``."""

    limit: int
    position: Position | None = None
    offset: int = 0

    @property
    def depth(self) -> int:
        """Return how many matches are gone through."""
        return self.offset + self.limit


def select_clients(ids: sa.Select[Any]) -> sa.Select[Any]:
    """Return the query for the consumers of these ids, in the order of ``id``."""
    wanted = ids.subquery("pedidos")
    more = [column for column in wanted.c if column.name != "id"]
    return sa.select(*CLIENTE.c, *more).join(wanted, wanted.c.id == CLIENTE.c.id).order_by(CLIENTE.c.id)


def select_in_order(clauses: Clauses, span: Span) -> sa.Select[Any]:
    """Return the query for ids along the order of ``id``, as far as it must go."""
    return _take(select_matches((*clauses.leading, *clauses.others)), span)


def select_within(clauses: Clauses, span: Span, *, window: int) -> sa.Select[Any]:
    """Return the query for ids among the next ``window`` consumers that meet the leading condition."""
    part = _take(sa.select(CLIENTE).where(*clauses.leading), Span(window, span.position)).subquery("trecho")
    found = sa.select(_ID).select_from(part).where(*clauses.others)
    return _take(found, Span(span.limit, None, span.offset), backward=_is_backward(span))


def select_beyond(clauses: Clauses, span: Span, *, window: int) -> sa.Select[Any]:
    """Return the query for the first id behind that window, if there is any."""
    return _take(sa.select(_ID).select_from(CLIENTE).where(*clauses.leading), Span(1, span.position, window))


def select_gathered(clauses: Clauses, span: Span) -> sa.Select[Any]:
    """Return the query for ids that gathers all matches by the GIN index, then sorts them; ``total`` counts them."""
    found = select_matches((*clauses.searched, *_beyond(span.position))).cte("achados").prefix_with("MATERIALIZED")
    total = sa.select(sa.func.count()).select_from(found).scalar_subquery().label("total")
    return _take(sa.select(found.c.id, total), Span(span.limit, None, span.offset), backward=_is_backward(span))


def select_matches(conditions: Sequence[Clause]) -> sa.Select[Any]:
    """Return the query for the ids of all consumers under the conditions, in no order."""
    return sa.select(_ID).select_from(CLIENTE).where(*conditions)


def count_matches(clauses: Clauses, *, limit: int | None = None) -> sa.Select[Any]:
    """Return the query for how many consumers meet the conditions; beyond ``limit`` it counts no further."""
    found = select_matches((*clauses.leading, *clauses.others)).limit(limit)
    return sa.select(sa.func.count()).select_from(found.subquery("achados"))


def count_sampled(clauses: Clauses, *, percent: int) -> sa.Select[Any]:
    """Return the query for how many consumers of a sample of the table's blocks meet the conditions (Oracle)."""
    sampled = sa.text(f"{CLIENTE.name} SAMPLE BLOCK ({percent})")
    return sa.select(sa.func.count()).select_from(sampled).where(*clauses.leading, *clauses.others)


def select_client(client_id: str) -> sa.Select[Any]:
    """Return the query for one consumer."""
    return sa.select(*CLIENTE.c).where(CLIENTE.c.id == client_id)


def select_visible_debts(client_ids: Sequence[str], *, oldest_due: date) -> sa.Select[Any]:
    """Return the query for open debts of consumers that fell due on ``oldest_due`` or later."""
    columns = (DIVIDA.c.cliente_id, DIVIDA.c.empresa, DIVIDA.c.valor, DIVIDA.c.vencimento)
    return (
        sa.select(*columns)
        .where(
            DIVIDA.c.cliente_id.in_(client_ids),
            DIVIDA.c.baixada_em.is_(None),
            DIVIDA.c.vencimento.between(oldest_due, LATEST_DATE),
        )
        .order_by(DIVIDA.c.cliente_id, DIVIDA.c.vencimento, DIVIDA.c.id)
    )


def _take(query: sa.Select[Any], span: Span, *, backward: bool | None = None) -> sa.Select[Any]:
    is_backward = _is_backward(span) if backward is None else backward
    ordered = query.where(*_beyond(span.position)).order_by(_ID.desc() if is_backward else _ID)
    return ordered.limit(span.limit).offset(span.offset or None)


def _is_backward(span: Span) -> bool:
    return span.position is not None and span.position.is_backward


def _beyond(position: Position | None) -> tuple[Clause, ...]:
    return () if position is None else (_COMPARE[position.way](_ID, position.id),)
