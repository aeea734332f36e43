"""Consumers and their visible debts, read from Base A page by page or one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from contracts.reference_date import prescription_date
from serve.api.clock import Clock, local_day
from serve.sources.sql_store import SqlStore
from serve.systems.client_clauses import clauses_of
from serve.systems.client_counts import Count
from serve.systems.client_filter import ClientFilter
from serve.systems.client_paging import PageReader
from serve.systems.client_queries import Position, Span, select_client, select_visible_debts
from serve.systems.page_links import Cursor
from serve.systems.source_tables import ADDRESS


@dataclass(frozen=True, slots=True)
class ClientPage:
    """Consumers of a page, as documented, and the pages beside it."""

    results: list[dict[str, Any]]
    count: Count
    next: Cursor | None
    previous: Cursor | None


class ClientDirectory:
    """Reads consumers and debts; StoreUnavailableError if Base A does not answer in time."""

    def __init__(self, base_a: SqlStore, clock: Clock, *, pages: PageReader | None = None) -> None:
        self._base_a = base_a
        self._clock = clock
        self._pages = pages or PageReader()

    async def first_page(self, conditions: ClientFilter, span: Span, *, page: int) -> ClientPage | None:
        """Return the page that a span of a new search covers, one row more than it shows; None beyond the last."""
        return await self._base_a.run(partial(self._read_first, conditions=conditions, span=span, page=page))

    async def page(self, cursor: Cursor) -> ClientPage:
        """Return the page that a link leads to: empty if all who followed have gone meanwhile."""
        return await self._base_a.run(partial(self._read_at, cursor=cursor))

    async def client(self, client_id: str) -> dict[str, Any] | None:
        """Return one consumer as documented; None if there is none."""
        return await self._base_a.run(partial(self._read_client, client_id=client_id))

    def _read_first(
        self, connection: sa.Connection, *, conditions: ClientFilter, span: Span, page: int
    ) -> ClientPage | None:
        clauses = clauses_of(conditions, connection.dialect.name)
        found = self._pages.read(connection, clauses, span, counting=True)
        if found.count is None or (not found.rows and page > 1):
            return None
        size = span.limit - 1
        rows, has_more = found.rows[:size], len(found.rows) > size
        start = Cursor(conditions, found.count, page, size, Position(">=", rows[0]["id"] if rows else ""))
        return ClientPage(
            self._with_debts(connection, rows),
            found.count,
            _next(start, rows) if has_more else None,
            _previous(start, rows) if page > 1 else None,
        )

    def _read_at(self, connection: sa.Connection, *, cursor: Cursor) -> ClientPage:
        clauses = clauses_of(cursor.conditions, connection.dialect.name)
        size, is_backward = cursor.page_size, cursor.position.is_backward
        rows = self._pages.read(connection, clauses, Span(size + 1, cursor.position), counting=False).rows
        has_more = len(rows) > size
        rows = rows[-size:] if is_backward else rows[:size]
        if is_backward and not rows:  # nobody is left before: this is the start
            found = self._read_first(connection, conditions=cursor.conditions, span=Span(size + 1), page=1)
            assert found is not None
            return found
        has_next, has_previous = (True, has_more) if is_backward else (has_more, True)
        here = cursor if has_previous else replace(cursor, page=1)
        return ClientPage(
            self._with_debts(connection, rows),
            cursor.count,
            _next(here, rows) if has_next else None,
            _previous(here, rows) if has_previous else None,
        )

    def _read_client(self, connection: sa.Connection, *, client_id: str) -> dict[str, Any] | None:
        rows = connection.execute(select_client(client_id)).mappings().all()
        return next(iter(self._with_debts(connection, rows)), None)

    def _with_debts(self, connection: sa.Connection, rows: Sequence[sa.RowMapping]) -> list[dict[str, Any]]:
        debts: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        if rows:
            oldest_due = prescription_date(local_day(self._clock))
            query = select_visible_debts([row["id"] for row in rows], oldest_due=oldest_due)
            for client_id, company, amount, due in connection.execute(query):
                debts[client_id].append({"empresa": company, "valor": amount, "vencimento": due})
        return [_client_json(row, debts[row["id"]]) for row in rows]


def _next(here: Cursor, rows: Sequence[sa.RowMapping]) -> Cursor:
    return replace(here, page=here.page + 1, position=Position(">", rows[-1]["id"]))


def _previous(here: Cursor, rows: Sequence[sa.RowMapping]) -> Cursor:
    """Return the page before; before an empty page it ends with whom the page before that one ended with."""
    position = Position("<", rows[0]["id"]) if rows else Position("<=", here.position.id)
    return replace(here, page=max(1, here.page - 1), position=position)


def _client_json(row: sa.RowMapping, debts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "nome": row["nome"],
        "cpf": row["cpf"],
        "data_nascimento": row["data_nascimento"],
        "sexo": row["sexo"],
        "estado_civil": row["estado_civil"],
        "endereco": {name: row[name] for name in ADDRESS},
        "dividas": debts,
    }
