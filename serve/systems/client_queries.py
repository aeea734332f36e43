"""What Base A is asked: consumers by filters and page, and the debts of theirs that may be shown.

A debt shows while it is open and not more than five years past due (CDC art. 43 §1; Súmulas 323 and 548 STJ):
one that is paid leaves at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import sqlalchemy as sa

from serve.systems.source_tables import CLIENTE, DIVIDA

_ACCENTED = "áàâãäéèêëíìîïóòôõöúùûüçñ"
_PLAIN = "aaaaaeeeeiiiiooooouuuucn"
_CLIENT_COLUMNS = [column for column in CLIENTE.c if column.name != "baixada_em"]


@dataclass(frozen=True, slots=True)
class ClientFilter:
    """What consumers are searched by; None is no condition. Text is compared without case and accents."""

    nome: str | None = None
    cpf: str | None = None
    uf: str | None = None
    cidade: str | None = None
    data_nascimento: date | None = None
    estado_civil: str | None = None

    @property
    def is_personal(self) -> bool:
        """Return whether the conditions could tell who is searched for."""
        return any(value is not None for value in (self.nome, self.cpf, self.data_nascimento))

    def given(self) -> dict[str, str]:
        """Return the conditions that are set, as text."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in values.items() if value is not None}


def count_clients(conditions: ClientFilter) -> sa.Select[Any]:
    """Return the query for how many consumers meet the conditions."""
    return sa.select(sa.func.count()).select_from(CLIENTE).where(*_where(conditions))


def select_page(conditions: ClientFilter, *, offset: int, limit: int) -> sa.Select[Any]:
    """Return the query for one page of consumers, in the order of ``id``."""
    query = sa.select(*_CLIENT_COLUMNS).where(*_where(conditions))
    return query.order_by(CLIENTE.c.id).offset(offset).limit(limit)


def select_client(client_id: str) -> sa.Select[Any]:
    """Return the query for one consumer."""
    return sa.select(*_CLIENT_COLUMNS).where(CLIENTE.c.id == client_id)


def select_visible_debts(client_ids: Sequence[str], *, oldest_due: date) -> sa.Select[Any]:
    """Return the query for open debts of consumers that fell due on ``oldest_due`` or later."""
    columns = (DIVIDA.c.cliente_id, DIVIDA.c.empresa, DIVIDA.c.valor, DIVIDA.c.vencimento)
    return (
        sa.select(*columns)
        .where(DIVIDA.c.cliente_id.in_(client_ids), DIVIDA.c.baixada_em.is_(None), DIVIDA.c.vencimento >= oldest_due)
        .order_by(DIVIDA.c.cliente_id, DIVIDA.c.vencimento, DIVIDA.c.id)
    )


def _where(conditions: ClientFilter) -> list[sa.ColumnElement[bool]]:
    clauses: list[sa.ColumnElement[bool]] = []
    if conditions.nome is not None:
        clauses.append(_folded(CLIENTE.c.nome).like(f"%{_escaped(fold(conditions.nome))}%", escape="!"))
    for column in (CLIENTE.c.cidade, CLIENTE.c.estado_civil):
        value = getattr(conditions, column.name)
        if value is not None:
            clauses.append(_folded(column) == fold(value))
    for column in (CLIENTE.c.cpf, CLIENTE.c.uf, CLIENTE.c.data_nascimento):
        value = getattr(conditions, column.name)
        if value is not None:
            clauses.append(column == value)
    return clauses


def fold(text: str) -> str:
    """Return text in small letters without accents, as the database folds its columns.

    >>> fold("João CONCEIÇÃO")
    'joao conceicao'
    """
    return text.lower().translate(str.maketrans(_ACCENTED, _PLAIN))


def _folded(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.func.translate(sa.func.lower(column), _ACCENTED, _PLAIN)


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
