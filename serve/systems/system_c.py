"""System C over Base C: the last event of each kind of one CPF (seed document, "Sistema C")."""

import asyncio
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

from bson import Decimal128
from fastapi import APIRouter, Depends, Response
from pymongo.asynchronous.database import AsyncDatabase

from serve.access.guard import Guard, Reader
from serve.api.clock import Clock, naive_utc
from serve.api.json_text import encode_json
from serve.api.payload_models import UltimosEventos
from serve.api.problems import problem_responses
from serve.api.request_fields import CpfInPath, only_parameters
from serve.published.person_hash import PersonHash

SCOPE = "eventos:ler"
CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal(10) ** 15
"""Beyond it a double no longer holds cents: such an amount is an error of input, shown as null."""

EVENTS = {
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

    def __init__(self, base_c: AsyncDatabase[dict[str, Any]], clock: Clock) -> None:
        self._base_c = base_c
        self._clock = clock

    async def read(self, cpf: str) -> dict[str, dict[str, Any] | None]:
        """Return the last consultation, movement and purchase up to now, each or None."""
        now = naive_utc(self._clock)
        found = await asyncio.gather(*(self._last(cpf, *event, now=now) for event in EVENTS.values()))
        return dict(zip(EVENTS, found, strict=True))

    async def _last(
        self, cpf: str, collection: str, date_field: str, fields: tuple[str, ...], *, now: datetime
    ) -> dict[str, Any] | None:
        document = await self._base_c[collection].find_one(
            {"cpf": cpf, date_field: {"$lte": now}},
            {"_id": 0, **dict.fromkeys(fields, 1)},
            sort=[(date_field, -1)],
        )
        return None if document is None else {name: _clean(name, document.get(name)) for name in fields}


def make_router(events: LastEvents, guard: Guard, *, hashes: PersonHash) -> APIRouter:
    """Return the routes of System C."""
    router = APIRouter(tags=["Sistema C"])
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]

    async def read_events(
        cpf: CpfInPath, reader: admitted, _known: Annotated[None, Depends(only_parameters())]
    ) -> Response:
        """Devolve a última consulta, a última movimentação e a última compra de um CPF, ou null."""
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
        responses=problem_responses(400, 401, 403, 422, 503),
        operation_id="consultar_eventos",
    )
    return router


def _clean(name: str, value: Any) -> Any:
    if name == "valor":
        return _money(value)
    if name.startswith("data_"):
        return value if isinstance(value, datetime) else None
    return value if isinstance(value, str) else None


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
    return amount.quantize(CENT, ROUND_HALF_EVEN)
