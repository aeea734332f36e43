"""System A's search with its filters in the body, so that no name and no CPF stands in a URL."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.types import Receive, Scope, Send

from serve.access.guard import Guard, Reader
from serve.access.refusals import not_the_titular
from serve.api.body_models import BuscaDeClientes
from serve.api.direct_route import add_direct_route
from serve.api.json_text import encode_json
from serve.api.payload_models import PaginaDeClientes
from serve.api.request_body import invalid_body, parse_body, read_body
from serve.api.request_fields import only_parameters
from serve.published.person_hash import PersonHash
from serve.systems.client_directory import ClientDirectory, ClientPage
from serve.systems.client_filter import ClientFilter
from serve.systems.client_queries import Span
from serve.systems.client_search import conditions_of
from serve.systems.page_links import DEFAULT_PAGE_SIZE, PageLinks

SCOPE = "clientes:ler"
COUNT_HEADER = "X-Contagem"
PRIVATE = {"Cache-Control": "private, no-store"}
JSON = "application/json"
_no_parameters = only_parameters()


def add_lookup(
    router: APIRouter, directory: ClientDirectory, guard: Guard, *, hashes: PersonHash, links: PageLinks
) -> None:
    """Add the route of the search by body."""
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]

    async def search_clients(_reader: admitted, _asked: BuscaDeClientes) -> None:
        """Busca consumidores como `GET /clientes`, com os filtros no corpo; siga `next` para as outras páginas."""

    add_direct_route(
        router,
        "/cadastros/consultar",
        SearchClients(directory, guard, hashes=hashes, links=links),
        declared=search_clients,
        methods=["POST"],
        response_model=PaginaDeClientes,
        operation_id="buscar_clientes",
    )


class SearchClients:
    """Answers a search: 200 with its first page, which is empty if nobody meets the filters."""

    def __init__(self, directory: ClientDirectory, guard: Guard, *, hashes: PersonHash, links: PageLinks) -> None:
        self._directory = directory
        self._guard = guard
        self._hashes = hashes
        self._links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        reader = await self._guard.admit(scope, SCOPE)
        if reader.titular is not None:
            raise not_the_titular()
        await reader.begin().settle()
        request = Request(scope, receive)
        await _no_parameters(request)
        asked, errors = parse_body(BuscaDeClientes, await read_body(request))
        if asked is None:
            raise invalid_body(errors)
        conditions = conditions_of(asked)
        found = await self._directory.first_page(conditions, Span(DEFAULT_PAGE_SIZE + 1), page=1)
        assert found is not None  # only pages after the first may be missing
        await reader.record(subjects_of(found, conditions, self._hashes))
        await page_response(found, self._links)(scope, receive, send)


def subjects_of(found: ClientPage, conditions: ClientFilter, hashes: PersonHash) -> Sequence[str]:
    """Return whose data a page reads: its consumers', or those of the CPF that was looked for in vain."""
    subjects = [hashes.subject_by_cpf(item["cpf"]) for item in found.results]
    if not subjects and conditions.cpf is not None:
        return [hashes.subject_by_cpf(conditions.cpf)]
    return subjects


def page_response(found: ClientPage, links: PageLinks) -> Response:
    """Return a page of consumers as documented."""
    body = {
        "count": found.count.value,
        "next": None if found.next is None else links.link(found.next),
        "previous": None if found.previous is None else links.link(found.previous),
        "results": found.results,
    }
    return Response(encode_json(body), headers=PRIVATE | {COUNT_HEADER: found.count.kind}, media_type=JSON)
