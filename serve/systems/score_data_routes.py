"""System B's ``score-data``: what Base B knows of one consumer, and how its system of record tells a change."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from serve.access.guard import Guard, Reader
from serve.api.payload_models import DadosDeScore
from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_SUCH_CONSUMER
from serve.api.problems import problem_responses
from serve.api.request_fields import ClientId, only_parameters
from serve.published.person_hash import PersonHash
from serve.systems.score_data import ScoreData

SCOPE = "score-data:ler"
CHANGE_SCOPE = "score-data:invalidar"


def make_router(data: ScoreData, guard: Guard, *, hashes: PersonHash) -> APIRouter:
    """Return the routes of ``score-data``."""
    router = APIRouter(tags=["Sistema B"])
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]
    changer = Annotated[Reader, Depends(guard.reader(CHANGE_SCOPE))]

    async def read_score_data(
        cliente_id: ClientId, reader: admitted, _known: Annotated[None, Depends(only_parameters())]
    ) -> Response:
        """Devolve as fontes de renda em vigor, os bens e o endereço de um consumidor.

        A resposta pode ter até 60 segundos, a menos que uma mudança seja avisada em `score-data/invalidar`.
        """
        found = await data.read(cliente_id)
        await reader.record([hashes.subject_by_client(cliente_id)], status=200 if found else 404)
        if found is None:
            raise ProblemError(NO_SUCH_CONSUMER)
        return Response(found, headers={"Cache-Control": "private, no-store"}, media_type="application/json")

    async def forget_score_data(
        cliente_id: ClientId, _reader: changer, _known: Annotated[None, Depends(only_parameters())]
    ) -> Response:
        """Avisa que os dados de um consumidor mudaram na Base B: a leitura seguinte os busca de novo.

        Para o sistema que mantém a Base B, depois de confirmada a mudança. Responde 204 também de quem não é conhecido;
        com 503, é preciso repetir o aviso.
        """
        await data.invalidate(cliente_id)
        return Response(status_code=204)

    router.add_api_route(
        "/clientes/{cliente_id}/score-data",
        read_score_data,
        methods=["GET"],
        response_model=DadosDeScore,
        responses=problem_responses(404),
        operation_id="ler_dados_de_score",
    )
    router.add_api_route(
        "/clientes/{cliente_id}/score-data/invalidar",
        forget_score_data,
        methods=["POST"],
        status_code=204,
        response_class=Response,
        operation_id="invalidar_dados_de_score",
    )
    return router
