"""System A over Base A: consumers, their addresses and their visible debts (seed document, "Sistema A")."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from serve.access.guard import Guard, Reader
from serve.api.json_text import encode_json
from serve.api.payload_models import Cliente, PaginaDeClientes
from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_SUCH_CONSUMER, NO_SUCH_PAGE
from serve.api.problems import problem_responses
from serve.api.request_fields import ClientId, only_parameters
from serve.published.person_hash import PersonHash
from serve.systems.client_directory import ClientDirectory
from serve.systems.client_lookup import JSON, PRIVATE, SCOPE, add_lookup, page_response, subjects_of
from serve.systems.client_search import ClientSearch
from serve.systems.page_links import PageLinks


def make_router(directory: ClientDirectory, guard: Guard, *, hashes: PersonHash, links: PageLinks) -> APIRouter:
    """Return the routes of System A."""
    router = APIRouter(tags=["Sistema A"])
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]

    async def list_clients(
        reader: admitted,
        _known: Annotated[None, Depends(only_parameters(*ClientSearch.model_fields))],
        search: Annotated[ClientSearch, Query()],
    ) -> Response:
        """Lista os consumidores que atendem a todos os filtros, com suas dívidas em aberto.

        Siga `next` e `previous`: cada página parte de onde a anterior terminou, custa o mesmo em qualquer altura, não
        repete nem pula quem já estava lá, embora outros entrem e saiam, e vale por uma hora. O `cursor` que levam é
        cifrado e contém a busca. `count` é o do começo da busca. Uma página pedida só por `page` conta as linhas desde
        a primeira, e só até certa altura.
        """
        conditions = search.conditions
        if search.cursor is None:
            found = await directory.first_page(conditions, search.span(), page=search.page)
        else:
            cursor = links.open(search.cursor)
            search.check_beside(cursor)
            conditions = cursor.conditions
            found = await directory.page(cursor)
        if found is None:
            raise ProblemError(NO_SUCH_PAGE)
        await reader.record(subjects_of(found, conditions, hashes))
        return page_response(found, links)

    async def read_client(
        cliente_id: ClientId, reader: admitted, _known: Annotated[None, Depends(only_parameters())]
    ) -> Response:
        """Devolve um consumidor, com suas dívidas em aberto."""
        reader.check_client(cliente_id)
        found = await directory.client(cliente_id)
        if found is None:
            await reader.record([hashes.subject_by_client(cliente_id)], status=404)
            raise ProblemError(NO_SUCH_CONSUMER)
        await reader.record([hashes.subject_by_cpf(found["cpf"])])
        return Response(encode_json(found), headers=PRIVATE, media_type=JSON)

    pages: dict[str, Any] = {
        "methods": ["GET"],
        "response_model": PaginaDeClientes,
        "responses": problem_responses(404),
    }
    router.add_api_route("/clientes", list_clients, operation_id="listar_clientes", **pages)
    router.add_api_route("/clientes/", list_clients, include_in_schema=False, **pages)
    add_lookup(router, directory, guard, hashes=hashes, links=links)
    router.add_api_route(
        "/clientes/{cliente_id}",
        read_client,
        methods=["GET"],
        response_model=Cliente,
        responses=problem_responses(404),
        operation_id="ler_cliente",
    )
    return router
