"""Requests of erasure that wait for their turn, table ``pedido_apagamento``: keyed hash, sealed id, proof.

Nobody can be read from it without the key. The sealed id is there while the request waits and goes when it is done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

WAITING = "pendente"
DONE = "concluido"
UNKNOWN = "desconhecido"
"""Nothing was known of such a consumer: there was nothing to erase."""

_COLUMNS = "id, titular, cliente_selado, situacao, pedido_em, tentativas, tentado_em, motivo, concluido_em, prova"


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """One request: who, by a keyed hash and under a seal; how often it was tried; what proves that it was done."""

    id: UUID
    titular: str
    cliente_selado: bytes | None
    situacao: str
    pedido_em: datetime
    tentativas: int
    tentado_em: datetime | None
    motivo: str | None
    concluido_em: datetime | None
    prova: Mapping[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """Return the request as it is printed: without the sealed id."""
        instants = {
            name: None if (value := getattr(self, name)) is None else value.isoformat()
            for name in ("pedido_em", "tentado_em", "concluido_em")
        }
        return {
            "id": str(self.id),
            "titular": self.titular,
            "situacao": self.situacao,
            "tentativas": self.tentativas,
            "motivo": self.motivo,
            **instants,
            "prova": None if self.prova is None else dict(self.prova),
        }


def add_request(
    engine: sa.Engine, request_id: UUID, *, titular: str, names: Sequence[str], sealed: bytes
) -> ErasureRequest:
    """Enter a request and return it; the one that waits already, if the person has one under any of their names."""
    insert = sa.text(
        "insert into pedido_apagamento (id, titular, cliente_selado) select :id, :titular, :sealed where not exists"
        " (select from pedido_apagamento where situacao = 'pendente' and titular = any(:names)) on conflict do nothing"
    )
    waiting = sa.text(
        f"select {_COLUMNS} from pedido_apagamento where situacao = 'pendente' and titular = any(:names)"
        " order by pedido_em, id limit 1"
    )
    values = {"id": request_id, "titular": titular, "sealed": sealed, "names": list(names)}
    while True:
        with engine.begin() as connection:
            connection.execute(insert, values)
            found = connection.execute(waiting, {"names": list(names)}).first()
        if found is not None:  # none, if the one that waited was done in between: this one is a new one then
            return _request(found)


def waiting_requests(engine: sa.Engine, *, limit: int) -> tuple[ErasureRequest, ...]:
    """Return the requests that wait: those tried least often first, the oldest of them before."""
    statement = sa.text(
        f"select {_COLUMNS} from pedido_apagamento where situacao = 'pendente'"
        " order by tentativas, pedido_em, id limit :limit"
    )
    return _requests(engine, statement, limit)


def latest_requests(engine: sa.Engine, *, limit: int) -> tuple[ErasureRequest, ...]:
    """Return the latest requests, those that wait before all others."""
    statement = sa.text(
        f"select {_COLUMNS} from pedido_apagamento order by situacao <> 'pendente', pedido_em desc, id limit :limit"
    )
    return _requests(engine, statement, limit)


def count_waiting(engine: sa.Engine) -> tuple[int, datetime | None]:
    """Return how many requests wait, and since when the oldest of them does."""
    statement = sa.text("select count(*), min(pedido_em) from pedido_apagamento where situacao = 'pendente'")
    with engine.connect() as connection:
        number, since = connection.execute(statement).one()
    return int(number), since


def sealed_under(engine: sa.Engine) -> tuple[str, ...]:
    """Return the keyed hashes of those who wait: what their ids are sealed under is told by them."""
    with engine.connect() as connection:
        found = connection.scalars(sa.text("select titular from pedido_apagamento where situacao = 'pendente'"))
        return tuple(found)


def note_attempt(engine: sa.Engine, request_id: UUID, *, motivo: str) -> None:
    """Enter that a request was tried, and by which class of error it was not done."""
    statement = sa.text(
        "update pedido_apagamento set tentativas = tentativas + 1, tentado_em = now(), motivo = :motivo"
        " where id = :id and situacao = 'pendente'"
    )
    with engine.begin() as connection:
        connection.execute(statement, {"id": request_id, "motivo": motivo})


def close_request(engine: sa.Engine, request_id: UUID, *, situacao: str, prova: Mapping[str, Any]) -> None:
    """Enter how a request ended, with its proof; the sealed id goes."""
    statement = sa.text(
        "update pedido_apagamento set situacao = :situacao, cliente_selado = null, motivo = null,"
        " tentativas = tentativas + 1, tentado_em = now(), concluido_em = now(), prova = cast(:prova as jsonb)"
        " where id = :id and situacao = 'pendente'"
    )
    with engine.begin() as connection:
        values = {"id": request_id, "situacao": situacao, "prova": json.dumps(dict(prova), sort_keys=True)}
        connection.execute(statement, values)


def _requests(engine: sa.Engine, statement: sa.TextClause, limit: int) -> tuple[ErasureRequest, ...]:
    with engine.connect() as connection:
        return tuple(_request(row) for row in connection.execute(statement, {"limit": limit}))


def _request(row: sa.Row[Any]) -> ErasureRequest:
    values = dict(row._mapping)
    sealed = values.pop("cliente_selado")
    return ErasureRequest(**values, cliente_selado=None if sealed is None else bytes(sealed))
