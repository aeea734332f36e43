"""System C over Base C: the last event of each kind of one CPF (seed document, "Sistema C")."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any, TypeAlias

from bson import Decimal128
from fastapi import APIRouter, Depends, Response
from pymongo.asynchronous.database import AsyncDatabase

from serve.access.guard import Guard, Reader
from serve.api.clock import Clock, naive_utc
from serve.api.json_text import encode_json
from serve.api.payload_models import UltimosEventos
from serve.api.request_fields import CpfInPath, only_parameters
from serve.published.person_hash import PersonHash
from serve.sources.mongo_store import MongoStore

SCOPE = "eventos:ler"
CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal(10) ** 15
"""Beyond it a double no longer holds cents: such an amount is an error of input, shown as null."""

EARLIEST = datetime(1900, 1, 1)
"""The earliest instant that the engine takes for one."""

Database: TypeAlias = AsyncDatabase[dict[str, Any]]
Event: TypeAlias = tuple[str, str, tuple[str, ...]]

EVENTS: Mapping[str, Event] = {
    "ultima_consulta": ("consultas", "data_consulta", ("empresa", "data_consulta", "tipo_empresa")),
    "movimentacao_financeira": (
        "movimentacoes",
        "data_movimentacao",
        ("tipo_movimentacao", "data_movimentacao", "valor", "descricao"),
    ),
    "ultima_compra": (
        "compras",
        "data_compra",
        ("data_compra", "valor", "bandeira_cartao", "produto", "tipo", "codigo_transacao"),
    ),
}
"""Documented field: (collection, its date, the documented fields in order)."""


class LastEvents:
    """Reads a CPF's last events; what a document lacks, or holds with a wrong type, is null."""

    def __init__(self, base_c: MongoStore, clock: Clock) -> None:
        self._base_c = base_c
        self._clock = clock

    async def read(self, cpf: str) -> dict[str, dict[str, Any] | None]:
        """Return the last consultation, movement and purchase up to now, each or None."""
        now = naive_utc(self._clock)

        async def read_all(database: Database) -> list[dict[str, Any] | None]:
            return await asyncio.gather(*(_last(database, cpf, event, now=now) for event in EVENTS.values()))

        return dict(zip(EVENTS, await self._base_c.run(read_all), strict=True))


async def _last(database: Database, cpf: str, event: Event, *, now: datetime) -> dict[str, Any] | None:
    """Return the last event of a kind: one document by the index, unless what lies at its end is no event of this CPF.

    MongoDB finds a list by any of its items: a list of instants is no instant, a list of CPFs no person. They are
    told apart by a second query, dearer and hardly ever needed.
    """
    collection, date_field, fields = event
    known_by_now: dict[str, Any] = {"cpf": cpf, date_field: {"$gte": EARLIEST, "$lte": now}}
    without_lists = {"$nor": [{name: {"$type": "array"}} for name in ("cpf", date_field)]}
    for query in (known_by_now, known_by_now | without_lists):
        document = await database[collection].find_one(
            query, {"_id": 0, **dict.fromkeys(("cpf", *fields), 1)}, sort=[(date_field, -1)]
        )
        if document is None:
            return None
        if document.get("cpf") == cpf and isinstance(document.get(date_field), datetime):
            return {name: _clean(name, document.get(name)) for name in fields}
    return None


def make_router(events: LastEvents, guard: Guard, *, hashes: PersonHash) -> APIRouter:
    """Return the routes of System C."""
    router = APIRouter(tags=["Sistema C"])
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]

    async def read_events(
        cpf: CpfInPath, reader: admitted, _known: Annotated[None, Depends(only_parameters())]
    ) -> Response:
        """Devolve a última consulta, a última movimentação e a última compra de um CPF; `null` onde não há.

        A consulta que o próprio consumidor fez vem com `tipo_empresa` igual a `titular`.
        """
        found = await events.read(cpf)
        await reader.record([hashes.subject_by_cpf(cpf)])
        return Response(
            encode_json(found), headers={"Cache-Control": "private, no-store"}, media_type="application/json"
        )

    router.add_api_route(
        "/clientes/{cpf}/consultar",
        read_events,
        methods=["GET"],
        response_model=UltimosEventos,
        operation_id="consultar_eventos",
    )
    return router


def _clean(name: str, value: Any) -> Any:
    if name == "valor":
        return _money(value)
    if name.startswith("data_"):
        return value if isinstance(value, datetime) else None
    return value if type(value) is str else None  # bson's Code is a str too


def _money(value: Any) -> Decimal | None:
    """Return a double, int or Decimal128 in cents, half to even; None for what is not an amount."""
    match value:
        case bool():
            return None
        case int() | float():
            amount = Decimal(repr(value))
        case Decimal128():
            amount = value.to_decimal()
        case _:
            return None
    if not amount.is_finite() or abs(amount) >= LARGEST_AMOUNT:
        return None
    return amount.quantize(CENT, ROUND_HALF_EVEN) + 0  # no -0.00
