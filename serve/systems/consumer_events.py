"""The last events of one consumer by id: System C's answer, with no CPF in the URL; needs Base B or the results too."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Response

from serve.access.guard import Guard, Reader
from serve.api.json_text import encode_json
from serve.api.payload_models import UltimosEventos
from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_SUCH_CONSUMER
from serve.api.problems import problem_responses
from serve.api.request_fields import ClientId, only_parameters
from serve.published.person_hash import PersonHash
from serve.systems.system_c import SCOPE, LastEvents

CpfOf: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Returns the CPF of a consumer's id, None for an unknown one."""


def make_router(events: LastEvents, guard: Guard, *, cpf_of: CpfOf, hashes: PersonHash) -> APIRouter:
    """Return the route of the last events by id."""
    router = APIRouter(tags=["Sistema C"])
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]

    async def read_events_by_id(
        cliente_id: ClientId, reader: admitted, _known: Annotated[None, Depends(only_parameters())]
    ) -> Response:
        """Devolve o mesmo que `/clientes/{cpf}/consultar`, por identificador: o CPF fica fora da URL."""
        cpf = await cpf_of(cliente_id)
        found = None if cpf is None else await events.read(cpf)
        await reader.record([hashes.subject_by_client(cliente_id)], status=200 if found else 404)
        if found is None:
            raise ProblemError(NO_SUCH_CONSUMER)
        return Response(
            encode_json(found), headers={"Cache-Control": "private, no-store"}, media_type="application/json"
        )

    router.add_api_route(
        "/clientes/{cliente_id}/eventos",
        read_events_by_id,
        methods=["GET"],
        response_model=UltimosEventos,
        responses=problem_responses(404),
        operation_id="ler_eventos",
    )
    return router
