"""System B: what Base B knows of a consumer, and the published score, one by id or many by CPF."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from serve.access.guard import Guard, Reader
from serve.api.payload_models import ConsultaDeScores, DadosDeScore, ResultadosDeConsulta, Score
from serve.api.problems import problem_response, problem_responses
from serve.api.request_fields import ClientId, only_parameters
from serve.api.validation_texts import text_of
from serve.published.person_hash import PersonHash
from serve.scores.score_store import ScoreStore
from serve.systems.score_data import ScoreData

DATA_SCOPE = "score-data:ler"
SCORE_SCOPE = "score:ler"
MAX_BODY_BYTES = 64 * 1024
"""A thousand CPFs with punctuation and quotes take some 18 kB."""

JSON = "application/json"
_NO_PARAMETERS = Depends(only_parameters())


def make_router(
    data: ScoreData, scores: ScoreStore, guard: Guard, *, hashes: PersonHash, validity_days: int
) -> APIRouter:
    """Return the routes of System B."""
    router = APIRouter(tags=["Sistema B"], dependencies=[])
    data_reader = Annotated[Reader, Depends(guard.reader(DATA_SCOPE))]
    score_reader = Annotated[Reader, Depends(guard.reader(SCORE_SCOPE))]
    errors = problem_responses(400, 401, 403, 404, 422, 503)

    async def read_score_data(
        cliente_id: ClientId, reader: data_reader, _known: Annotated[None, _NO_PARAMETERS]
    ) -> Response:
        """Devolve as fontes de renda, os bens e o endereço de um consumidor."""
        found = await data.read(cliente_id)
        await reader.record([hashes.subject_by_client(cliente_id)], status=200 if found else 404)
        if found is None:
            raise HTTPException(404, "consumidor desconhecido")
        return Response(found, headers={"Cache-Control": "private, no-store"}, media_type=JSON)

    async def read_score(
        cliente_id: ClientId,
        reader: score_reader,
        _known: Annotated[None, _NO_PARAMETERS],
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Devolve o score de um consumidor na execução em vigor."""
        found = await scores.by_client(cliente_id)
        subject = hashes.subject_by_client(cliente_id)
        if found is None:
            await reader.record([subject], status=404)
            raise HTTPException(404, "não há score deste consumidor na execução em vigor")
        body = _dump(found.to_json(validity_days=validity_days))
        headers = {"ETag": _entity_tag(body), "Cache-Control": "private, no-cache"}
        unchanged = _matches(if_none_match, headers["ETag"])
        await reader.record([subject], status=304 if unchanged else 200)
        return Response(status_code=304, headers=headers) if unchanged else Response(body, 200, headers, JSON)

    async def query_scores(request: Request, reader: score_reader, _known: Annotated[None, _NO_PARAMETERS]) -> Response:
        """Devolve os scores de até 1.000 CPFs, na ordem pedida; o CPF fica fora da URL."""
        asked, errors = _read_cpfs(await _read_body(request))
        if errors:
            return problem_response(request, 422, "o corpo da requisição é inválido", errors=errors)
        found = await scores.by_cpfs(asked)
        await reader.record([hashes.subject_by_cpf(cpf) for cpf in dict.fromkeys(asked)])
        results = [
            {"encontrado": item is not None, "resultado": item and item.to_json(validity_days=validity_days)}
            for item in found
        ]
        headers = {"Cache-Control": "private, no-store"}
        return Response(_dump({"resultados": results}), headers=headers, media_type=JSON)

    router.add_api_route(
        "/clientes/{cliente_id}/score-data",
        read_score_data,
        methods=["GET"],
        response_model=DadosDeScore,
        responses=errors,
        operation_id="ler_dados_de_score",
    )
    router.add_api_route(
        "/clientes/{cliente_id}/score",
        read_score,
        methods=["GET"],
        response_model=Score,
        responses={**errors, 304: {"description": "o score não mudou desde o ETag dado"}},
        operation_id="ler_score",
    )
    router.add_api_route(
        "/scores/consultar",
        query_scores,
        methods=["POST"],
        response_model=ResultadosDeConsulta,
        responses={**errors, **problem_responses(413)},
        operation_id="consultar_scores",
        openapi_extra={
            "requestBody": {"required": True, "content": {JSON: {"schema": ConsultaDeScores.model_json_schema()}}}
        },
    )
    return router


async def _read_body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"o corpo passa de {MAX_BODY_BYTES} bytes")
    return body


def _read_cpfs(body: bytes) -> tuple[list[str], list[dict[str, str]]]:
    """Return the CPFs' digits, or which parts of the body are wrong: places and rules, never what was sent."""
    try:
        return ConsultaDeScores.model_validate_json(body).cpfs, []
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return [], [{"campo": _place(item["loc"]), "mensagem": text_of(item)} for item in found]


def _place(location: tuple[int | str, ...]) -> str:
    known = [str(part) for part in location if isinstance(part, int) or part == "cpfs"]
    return ".".join(known) or "corpo"


def _dump(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _entity_tag(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def _matches(if_none_match: str | None, tag: str) -> bool:
    """Return whether an If-None-Match header covers the tag, by weak comparison (RFC 9110 §13.1.2)."""
    if if_none_match is None:
        return False
    given = [item.strip().removeprefix("W/") for item in if_none_match.split(",")]
    return "*" in given or tag in given
