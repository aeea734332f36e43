"""Requests that a person review a score (LGPD art. 20; Lei 12.414 art. 5 VI): asked for here, answered by `escore`.

A consumer has at most one open at a time, so that asking twice is asking once. No free text is taken: it could tell
of anybody, and nothing that reads it could be held to the rules on personal data.
"""

from datetime import UTC
from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.types import Receive, Scope, Send

from serve.access.guard import Guard, Reader
from serve.api.body_models import PedidoDeRevisao
from serve.api.clock import Clock
from serve.api.direct_route import add_direct_route
from serve.api.json_text import encode_json
from serve.api.payload_models import Revisao, RevisoesDoConsumidor
from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_SCORE
from serve.api.problems import problem_responses
from serve.api.request_body import invalid_body, parse_body, read_body
from serve.api.request_fields import BAD_CLIENT_ID, ClientId, is_client_id, only_parameters
from serve.published.person_hash import PersonHash
from serve.sources.sql_store import SqlStore
from stores.run_ids import new_run_id

SCOPE = "revisoes:pedir"
MAX_LISTED = 100
_TRIES = 2

_PRIVATE = {"Cache-Control": "private, no-store"}
_JSON = "application/json"
_COLUMNS = "id, execucao_id, motivo, situacao, resultado, pedida_em, concluida_em"
_ASK = sa.text(
    f"""
    INSERT INTO revisao (id, cliente_id, execucao_id, motivo)
    SELECT :id, s.cliente_id, s.execucao_id, :motivo FROM score s
    WHERE s.execucao_id = (SELECT id FROM execucao WHERE situacao = 'publicada') AND s.cliente_id = :client_id
    ON CONFLICT (cliente_id) WHERE situacao = 'aberta' DO NOTHING
    RETURNING {_COLUMNS}
    """
).bindparams(sa.bindparam("id", type_=sa.Uuid))
_OPEN = sa.text(f"SELECT {_COLUMNS} FROM revisao WHERE cliente_id = :client_id AND situacao = 'aberta'")
_LIST = sa.text(
    f"SELECT {_COLUMNS} FROM revisao WHERE cliente_id = :client_id ORDER BY pedida_em DESC, id DESC LIMIT {MAX_LISTED}"
)


def make_router(results: SqlStore, guard: Guard, *, hashes: PersonHash, clock: Clock) -> APIRouter:
    """Return the routes of a consumer's reviews."""
    router = APIRouter(tags=["Titular"])
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]

    async def ask_review(cliente_id: ClientId, _reader: admitted, _asked: PedidoDeRevisao) -> None:
        """Pede que uma pessoa reveja o score que está em vigor; um pedido por vez.

        Responde 201 com o pedido; 200 com o que já estava aberto, se havia um. Quem responde é a instalação.
        """

    async def list_reviews(
        cliente_id: ClientId, reader: admitted, _known: Annotated[None, Depends(only_parameters())]
    ) -> Response:
        """Lista os pedidos de revisão de um consumidor, do mais recente ao mais antigo; nenhum, se nunca pediu."""
        found = await results.run(partial(_list, client_id=cliente_id))
        await reader.record([hashes.subject_by_client(cliente_id)])
        return Response(encode_json({"results": found}), headers=_PRIVATE, media_type=_JSON)

    path = "/clientes/{cliente_id}/revisoes"
    add_direct_route(
        router,
        path,
        AskReview(results, guard, hashes=hashes, clock=clock),
        declared=ask_review,
        methods=["POST"],
        status_code=201,
        response_model=Revisao,
        responses={**problem_responses(404), 200: {"model": Revisao, "description": "O pedido que já estava aberto"}},
        operation_id="pedir_revisao",
    )
    router.add_api_route(
        path,
        list_reviews,
        methods=["GET"],
        response_model=RevisoesDoConsumidor,
        operation_id="listar_revisoes",
    )
    return router


class AskReview:
    """Answers a request for a review: 201, or 200 with the one that is open already."""

    def __init__(self, results: SqlStore, guard: Guard, *, hashes: PersonHash, clock: Clock) -> None:
        self._results = results
        self._guard = guard
        self._hashes = hashes
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        reader = await self._guard.admit(scope, SCOPE)
        await reader.begin().settle()
        client_id = scope["path_params"]["cliente_id"]
        request = Request(scope, receive)
        await _no_parameters(request)
        if not is_client_id(client_id):
            raise RequestValidationError([BAD_CLIENT_ID])
        asked, errors = parse_body(PedidoDeRevisao, await read_body(request))
        if asked is None:
            raise invalid_body(errors)
        review_id = new_run_id(self._clock().astimezone(UTC))
        values = {"id": review_id, "client_id": client_id, "motivo": asked.motivo}
        status, review = await self._results.run(partial(_ask, values=values))
        await reader.record([self._hashes.subject_by_client(client_id)], status=status)
        if review is None:
            raise ProblemError(NO_SCORE)
        await Response(encode_json(review), status, _PRIVATE, _JSON)(scope, receive, send)


_no_parameters = only_parameters()


def _ask(connection: sa.Connection, values: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
    """Open a review unless one is open; return the answer's status and the review, None without a score in force.

    One that is concluded between the two statements neither keeps a new one out nor is found: they are tried again.
    """
    alone = connection.execution_options(isolation_level="AUTOCOMMIT")
    for _ in range(_TRIES):
        if made := alone.execute(_ASK, values).one_or_none():
            return 201, _review(made)
        if known := alone.execute(_OPEN, values).one_or_none():
            return 200, _review(known)
    return 404, None


def _list(connection: sa.Connection, client_id: str) -> list[dict[str, Any]]:
    alone = connection.execution_options(isolation_level="AUTOCOMMIT")
    return [_review(row) for row in alone.execute(_LIST, {"client_id": client_id})]


def _review(row: sa.Row[Any]) -> dict[str, Any]:
    return {**row._mapping, "id": str(row.id), "execucao_id": str(row.execucao_id)}
