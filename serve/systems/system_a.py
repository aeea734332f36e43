"""System A over Base A: consumers, their addresses and their visible debts (seed document, "Sistema A")."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from contracts.reference_date import prescription_date
from serve.access.guard import Guard, Reader
from serve.api.clock import Clock, local_day
from serve.api.json_text import encode_json
from serve.api.payload_models import Cliente, PaginaDeClientes
from serve.api.problems import problem_responses
from serve.api.request_fields import ClientId, only_parameters
from serve.published.person_hash import PersonHash
from serve.systems.client_queries import ClientFilter, count_clients, select_client, select_page, select_visible_debts
from serve.systems.client_search import ClientSearch
from serve.systems.page_links import PageLinks
from serve.systems.source_tables import ADDRESS

SCOPE = "clientes:ler"
JSON = "application/json"
_PRIVATE = {"Cache-Control": "private, no-store"}


class ClientDirectory:
    """Reads consumers and debts from Base A; not for the event loop's thread."""

    def __init__(self, base_a: sa.Engine, clock: Clock) -> None:
        self._base_a = base_a
        self._clock = clock

    def page(self, conditions: ClientFilter, *, page: int, page_size: int) -> tuple[int, list[dict[str, Any]]]:
        """Return how many consumers meet the conditions, and those of one page, as documented."""
        with self._base_a.connect() as connection:
            count = int(connection.scalar(count_clients(conditions)) or 0)
            query = select_page(conditions, offset=(page - 1) * page_size, limit=page_size)
            rows = connection.execute(query).mappings().all() if count else []
            return count, self._with_debts(connection, rows)

    def client(self, client_id: str) -> dict[str, Any] | None:
        """Return one consumer as documented; None if there is none."""
        with self._base_a.connect() as connection:
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


def make_router(directory: ClientDirectory, guard: Guard, *, hashes: PersonHash, links: PageLinks) -> APIRouter:
    """Return the routes of System A."""
    router = APIRouter(tags=["Sistema A"])
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]
    errors = problem_responses(400, 401, 403, 404, 422, 503)

    async def list_clients(
        reader: admitted,
        _known: Annotated[None, Depends(only_parameters(*ClientSearch.model_fields))],
        search: Annotated[ClientSearch, Query()],
    ) -> Response:
        """Lista os consumidores que atendem aos filtros, com suas dívidas em aberto."""
        page, page_size, conditions = search.page, search.page_size, search.conditions
        if search.filtro is not None:
            if conditions.given():
                raise HTTPException(400, "filtro não se combina com outros filtros")
            conditions = links.open(search.filtro)
        count, results = await run_in_threadpool(directory.page, conditions, page=page, page_size=page_size)
        if page > 1 and not results:
            raise HTTPException(404, "a página pedida está além da última")
        subjects = [hashes.subject_by_cpf(item["cpf"]) for item in results]
        if not subjects and conditions.cpf is not None:
            subjects = [hashes.subject_by_cpf(conditions.cpf)]
        await reader.record(subjects)
        has_next = page * page_size < count
        body = {
            "count": count,
            "next": links.link(conditions, page=page + 1, page_size=page_size) if has_next else None,
            "previous": links.link(conditions, page=page - 1, page_size=page_size) if page > 1 else None,
            "results": results,
        }
        return Response(encode_json(body), headers=_PRIVATE, media_type=JSON)

    async def read_client(
        cliente_id: ClientId, reader: admitted, _known: Annotated[None, Depends(only_parameters())]
    ) -> Response:
        """Devolve um consumidor, com suas dívidas em aberto."""
        found = await run_in_threadpool(directory.client, cliente_id)
        if found is None:
            await reader.record([hashes.subject_by_client(cliente_id)], status=404)
            raise HTTPException(404, "consumidor desconhecido")
        await reader.record([hashes.subject_by_cpf(found["cpf"])])
        return Response(encode_json(found), headers=_PRIVATE, media_type=JSON)

    pages: dict[str, Any] = {"methods": ["GET"], "response_model": PaginaDeClientes, "responses": errors}
    router.add_api_route("/clientes", list_clients, operation_id="listar_clientes", **pages)
    router.add_api_route("/clientes/", list_clients, include_in_schema=False, **pages)
    router.add_api_route(
        "/clientes/{cliente_id}",
        read_client,
        methods=["GET"],
        response_model=Cliente,
        responses=errors,
        operation_id="ler_cliente",
    )
    return router


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
