"""Requests for review of scores, table ``revisao``: which are open, and what became of one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import sqlalchemy as sa

from contracts.errors import UsageError

Outcome: TypeAlias = Literal["mantido", "corrigido"]
"""The score stands, or records were put right."""

_COLUMNS = "id, cliente_id, execucao_id, motivo, situacao, resultado, pedida_em, concluida_em"


@dataclass(frozen=True, slots=True)
class Review:
    """One request: whose, of which run's score, why, and what became of it; instants aware."""

    id: UUID
    cliente_id: str
    execucao_id: UUID
    motivo: str
    situacao: str
    resultado: str | None
    pedida_em: datetime
    concluida_em: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return the request as it is printed."""
        done = self.concluida_em and self.concluida_em.isoformat()
        return asdict(self) | {"pedida_em": self.pedida_em.isoformat(), "concluida_em": done}


def list_reviews(engine: sa.Engine, *, only_open: bool, limit: int) -> list[Review]:
    """Return requests, the oldest first."""
    where = "where situacao = 'aberta'" if only_open else ""
    statement = sa.text(f"select {_COLUMNS} from revisao {where} order by pedida_em, id limit :limit")
    with engine.connect() as connection:
        return [Review(*row) for row in connection.execute(statement, {"limit": limit})]


def close_review(connection: sa.Connection, review_id: UUID, outcome: Outcome) -> Review:
    """Enter what became of an open request and return it, for the caller to commit; UsageError if none has that id."""
    statement = sa.text(
        "update revisao set situacao = 'concluida', resultado = :outcome, concluida_em = now()"
        f" where id = :id and situacao = 'aberta' returning {_COLUMNS}"
    ).bindparams(sa.bindparam("id", type_=sa.Uuid))
    row = connection.execute(statement, {"id": review_id, "outcome": outcome}).one_or_none()
    if row is None:
        raise UsageError("no open request for review has that id")
    return Review(*row)
