"""One consumer's scores over the runs whose scores are kept, from PostgreSQL.

Rule (Lei 12.414 art. 4 IV): who may see a score does not thereby see what it was before; a scope of its own.
"""

from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from contracts.score_terms import SCORE_MAX, SCORE_MIN
from serve.access.guard import Guard, Reader
from serve.api.json_text import encode_json
from serve.api.payload_models import HistoricoDeScores
from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_SCORE
from serve.api.problems import problem_responses
from serve.api.request_fields import ClientId, only_parameters
from serve.published.person_hash import PersonHash
from serve.published.published_score import shortest_float32
from serve.sources.sql_store import SqlStore

SCOPE = "historico:ler"
MAX_RUNS = 120
"""Runs looked into, of those whose scores are kept: the last thirty, and the last of each month for seven years."""

_HISTORY = sa.text(
    """
    SELECT e.id, e.data_referencia, e.terminada_em, s.score, s.faixa, s.status, s.probabilidade, m.nome, m.versao,
        e.situacao = 'publicada' AS vigente
    FROM (
        SELECT * FROM execucao
        WHERE situacao IN ('publicada', 'substituida')
            AND to_regclass('score_' || replace(id::text, '-', '')) IS NOT NULL
        ORDER BY data_referencia DESC, publicada_em DESC LIMIT :runs
    ) AS e
    JOIN modelo m ON m.versao = e.modelo_versao
    CROSS JOIN LATERAL (SELECT * FROM score WHERE execucao_id = e.id AND cliente_id = :client_id LIMIT 1) AS s
    ORDER BY e.data_referencia DESC, e.publicada_em DESC
    """
)
"""Run by run, each in its own partition by its primary key. The ledger keeps every run for good; one whose partition is
gone (retention) does not count, or a year of nights would hide the months before."""


def make_router(results: SqlStore, guard: Guard, *, hashes: PersonHash) -> APIRouter:
    """Return the route of a consumer's scores over time."""
    router = APIRouter(tags=["Sistema B"])
    admitted = Annotated[Reader, Depends(guard.reader(SCOPE))]

    async def read_history(
        cliente_id: ClientId, reader: admitted, _known: Annotated[None, Depends(only_parameters())]
    ) -> Response:
        """Devolve os scores de um consumidor nas execuções publicadas que se guardam, da mais recente à mais antiga.

        Guardam-se os das últimas execuções e os da última de cada mês. Uma data de referência calculada de novo
        aparece uma vez por execução.
        """
        found = await results.run(partial(_read, client_id=cliente_id))
        await reader.record([hashes.subject_by_client(cliente_id)], status=200 if found else 404)
        if not found:
            raise ProblemError(NO_SCORE, "não há score deste consumidor em nenhuma execução que se guarda")
        body = {"cliente_id": cliente_id, "escala": {"min": SCORE_MIN, "max": SCORE_MAX}, "results": found}
        return Response(
            encode_json(body), headers={"Cache-Control": "private, no-store"}, media_type="application/json"
        )

    router.add_api_route(
        "/clientes/{cliente_id}/score/historico",
        read_history,
        methods=["GET"],
        response_model=HistoricoDeScores,
        responses=problem_responses(404),
        operation_id="ler_historico",
    )
    return router


def _read(connection: sa.Connection, client_id: str) -> list[dict[str, Any]]:
    alone = connection.execution_options(isolation_level="AUTOCOMMIT")
    rows = alone.execute(_HISTORY, {"client_id": client_id, "runs": MAX_RUNS}).all()
    return [
        {
            "execucao_id": str(row.id),
            "data_referencia": row.data_referencia,
            "calculado_em": row.terminada_em,
            "score": row.score,
            "faixa": row.faixa,
            "status": row.status,
            "probabilidade_inadimplencia": shortest_float32(row.probabilidade),
            "modelo": {"nome": row.nome, "versao": row.versao},
            "vigente": row.vigente,
        }
        for row in rows
    ]
