"""The route by which a consumer learns who read their data (Lei 12.414 art. 6 IV); itself a read, and recorded."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, TypeAlias
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from contracts.errors import SettingsError, StoreUnavailableError
from serve.access.guard import Guard, Reader
from serve.api.clock import Clock
from serve.api.json_text import encode_json
from serve.api.payload_models import AcessosDoConsumidor
from serve.api.problem_error import ProblemError
from serve.api.problem_types import BAD_LINK, NO_SUCH_CONSUMER
from serve.api.problems import problem_responses
from serve.api.request_fields import IN_DIGITS, ClientId, only_parameters
from serve.auditing.accesses import MAX_PAGE_SIZE, AccessPage, Cursor, Subject, read_accesses
from serve.published.person_hash import PersonHash
from serve.sources.sql_store import SqlStore

SCOPE = "acessos:ler"
DEFAULT_PAGE_SIZE = 20
CpfOf: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Returns the CPF of a consumer's id, None for an unknown one."""

_PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Acessos por página"), IN_DIGITS]
_Before = Annotated[
    str | None, Query(pattern=Cursor.PATTERN, description="Continuação, como vem em `next`; sem ela, os mais recentes")
]


def make_router(results: SqlStore, guard: Guard, *, cpf_of: CpfOf, hashes: PersonHash, clock: Clock) -> APIRouter:
    """Return the route of the accesses to a consumer's data."""
    router = APIRouter(tags=["Titular"])
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]

    async def list_accesses(
        cliente_id: ClientId,
        reader: admitted,
        _known: Annotated[None, Depends(only_parameters("page_size", "antes"))],
        page_size: _PageSize = DEFAULT_PAGE_SIZE,
        antes: _Before = None,
    ) -> Response:
        """Lista quem acessou os dados de um consumidor nos últimos seis meses, do acesso mais recente ao mais antigo.

        Inclui as buscas que nada encontraram, as leituras do próprio titular e as consultas a esta lista. Um acesso
        aparece poucos segundos depois de feito.
        """
        reader.check_client(cliente_id)
        before = None if antes is None else Cursor.parse(antes)
        if antes is not None and before is None:
            raise ProblemError(BAD_LINK, "antes: só se aceita o que veio em next")
        cpf = await cpf_of(cliente_id)
        if cpf is None:
            await reader.record([hashes.subject_by_client(cliente_id)], status=404)
            raise ProblemError(NO_SUCH_CONSUMER)
        subject = Subject.of(hashes, cliente_id, cpf)
        read = partial(read_accesses, subject=subject, now=clock(), before=before, limit=page_size)
        try:
            found = await results.run(read)
        except SettingsError as error:  # another process, with the key that this one lacks, can answer
            raise StoreUnavailableError(str(error)) from None
        await reader.record([hashes.subject_by_client(cliente_id)])
        body = encode_json(_body(cliente_id, found, page_size=page_size))
        return Response(body, headers={"Cache-Control": "private, no-store"}, media_type="application/json")

    router.add_api_route(
        "/clientes/{cliente_id}/acessos",
        list_accesses,
        methods=["GET"],
        response_model=AcessosDoConsumidor,
        responses=problem_responses(404),
        operation_id="listar_acessos",
        summary="Quem acessou os dados do consumidor",
    )
    return router


def _body(client_id: str, found: AccessPage, *, page_size: int) -> dict[str, object]:
    following = None
    if found.next is not None:
        size = "" if page_size == DEFAULT_PAGE_SIZE else f"page_size={page_size}&"
        following = f"/clientes/{quote(client_id, safe='')}/acessos?{size}antes={found.next}"
    return {
        "desde": found.since,
        "next": following,
        "results": [{name: getattr(access, name) for name in access.__slots__} for access in found.accesses],
    }
