"""System B: the published score, of one consumer by id or of many by CPF."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from starlette.types import Receive, Scope, Send

from serve.access.guard import Guard, Reader
from serve.api.body_models import ConsultaDeScores
from serve.api.direct_route import Headers, add_direct_route, header, send_answer
from serve.api.payload_models import ResultadosDeConsulta, Score
from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_SCORE
from serve.api.problems import problem_responses
from serve.api.request_body import invalid_body, parse_body, read_body
from serve.api.request_fields import BAD_CLIENT_ID, ClientId, is_client_id, only_parameters
from serve.published.person_hash import PersonHash
from serve.scores.score_json import ScoreWriter
from serve.scores.score_store import ScoreStore

SCORE_SCOPE = "score:ler"
JSON = b"application/json"
_NOT_FOUND = '{"encontrado":false,"resultado":null}'
_no_parameters = only_parameters()


def make_router(scores: ScoreStore, guard: Guard, *, hashes: PersonHash, validity_days: int) -> APIRouter:
    """Return the routes of System B's scores."""
    router = APIRouter(tags=["Sistema B"])
    reader = Annotated[Reader, Depends(guard.reader(SCORE_SCOPE))]
    writer = ScoreWriter(validity_days=validity_days)

    async def read_score(
        cliente_id: ClientId, _reader: reader, if_none_match: Annotated[str | None, Header()] = None
    ) -> None:
        """Devolve o score de um consumidor na execução em vigor."""

    async def query_scores(_reader: reader, _asked: ConsultaDeScores) -> None:
        """Devolve os scores de até 1.000 CPFs, na ordem pedida; o CPF fica fora da URL."""

    add_direct_route(
        router,
        "/clientes/{cliente_id}/score",
        OneScore(scores, guard, hashes=hashes, writer=writer),
        declared=read_score,
        methods=["GET"],
        response_model=Score,
        responses={**problem_responses(404), 304: {"description": "O score não mudou desde o ETag dado"}},
        operation_id="ler_score",
    )
    add_direct_route(
        router,
        "/scores/consultar",
        ManyScores(scores, guard, hashes=hashes, writer=writer),
        declared=query_scores,
        methods=["POST"],
        response_model=ResultadosDeConsulta,
        operation_id="consultar_scores",
    )
    return router


class OneScore:
    """Answers one consumer's score: rate limit and record travel to Redis in one write."""

    def __init__(self, scores: ScoreStore, guard: Guard, *, hashes: PersonHash, writer: ScoreWriter) -> None:
        self._scores = scores
        self._guard = guard
        self._hashes = hashes
        self._writer = writer

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer the request: 200, or 304 if the caller has this very score."""
        reader = await self._guard.admit(scope, SCORE_SCOPE)
        ticket = reader.begin()
        client_id = scope["path_params"]["cliente_id"]
        if scope["query_string"] or not is_client_id(client_id):
            await ticket.settle()
            await _refuse_what_is_wrong(scope, client_id)
        question = self._scores.ask_client(client_id)
        await ticket.settle()
        found = await self._scores.answer_client(question)
        subject = self._hashes.subject_by_client(client_id)
        if found is None:
            await reader.record((subject,), status=404)
            raise ProblemError(NO_SCORE)
        body = self._writer.text(found).encode()
        tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers: Headers = [(b"etag", tag.encode()), (b"cache-control", b"private, no-cache")]
        if _matches(header(scope, b"if-none-match"), tag):
            await reader.record((subject,), status=304)
            await send_answer(send, 304, headers)
            return
        await reader.record((subject,))
        await send_answer(send, 200, [*headers, *_describe(body)], body)


class ManyScores:
    """Answers the scores of up to a thousand CPFs, in one round trip to Redis if all are known."""

    def __init__(self, scores: ScoreStore, guard: Guard, *, hashes: PersonHash, writer: ScoreWriter) -> None:
        self._scores = scores
        self._guard = guard
        self._hashes = hashes
        self._writer = writer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request: 200 with one result for each CPF, in their order."""
        reader = await self._guard.admit(scope, SCORE_SCOPE)
        ticket = reader.begin()
        request = Request(scope, receive)
        if scope["query_string"]:
            await ticket.settle()
            await _no_parameters(request)
        query, errors = parse_body(ConsultaDeScores, await read_body(request))
        if query is None:
            await ticket.settle()
            raise invalid_body(errors)
        asked = query.cpfs
        for cpf in asked:
            reader.check_cpf(cpf)
        persons = list(dict.fromkeys(asked))
        of_persons = reader.begin(persons=len(persons))
        question = self._scores.ask_cpfs(asked)
        await ticket.settle()
        await of_persons.settle()
        found = await self._scores.answer_cpfs(question)
        await reader.record([self._hashes.subject_by_cpf(cpf) for cpf in persons])
        text = self._writer.text
        results = [
            _NOT_FOUND if score is None else f'{{"encontrado":true,"resultado":{text(score)}}}' for score in found
        ]
        body = f'{{"resultados":[{",".join(results)}]}}'.encode()
        await send_answer(send, 200, [(b"cache-control", b"private, no-store"), *_describe(body)], body)


async def _refuse_what_is_wrong(scope: Scope, client_id: str) -> None:
    """Raise the 422 of a path that names nobody, or the 400 of a parameter that is not known."""
    if not is_client_id(client_id):
        raise RequestValidationError([BAD_CLIENT_ID])
    await _no_parameters(Request(scope))


def _describe(body: bytes) -> Headers:
    return [(b"content-type", JSON), (b"content-length", str(len(body)).encode())]


def _matches(if_none_match: str | None, tag: str) -> bool:
    """Return whether an If-None-Match header covers the tag, by weak comparison (RFC 9110 §13.1.2)."""
    if if_none_match is None:
        return False
    given = [item.strip().removeprefix("W/") for item in if_none_match.split(",")]
    return "*" in given or tag in given
