"""The public description of the model in force, and of the law that binds it (Lei 12.414 art. 5 IV; LGPD art. 20 §1).

No token is asked for: it is made from the model alone and holds nobody's data.
"""

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from contracts.regime import Regime
from serve.api.json_text import encode_json
from serve.api.payload_models import DescricaoDoModelo
from serve.api.problems import problem_responses

CACHE_CONTROL = "public, max-age=300"
_IN_FORCE = sa.text(
    "SELECT m.nome, m.versao, m.horizonte_meses, m.descricao FROM execucao e"
    " JOIN modelo m ON m.versao = e.modelo_versao WHERE e.situacao = 'publicada'"
)


def make_router(results: sa.Engine, regime: Regime) -> APIRouter:
    """Return the route ``/modelo``."""
    router = APIRouter(tags=["Transparência"])

    def describe() -> dict[str, Any] | None:
        with results.connect() as connection:
            row = connection.execute(_IN_FORCE).one_or_none()
        if row is None:
            return None
        return {
            "modelo": {"nome": row.nome, "versao": row.versao},
            "horizonte_meses": row.horizonte_meses,
            "regime": regime.value,
            "base_legal": regime.legal_basis,
            "descricao": row.descricao,
        }

    @router.get(
        "/modelo",
        response_model=DescricaoDoModelo,
        responses=problem_responses(404, 503),
        operation_id="descrever_modelo",
    )
    async def show_model() -> Response:
        """Descreve o modelo em vigor: elementos, critérios, limites e base legal. Não pede token."""
        found = await run_in_threadpool(describe)
        if found is None:
            raise HTTPException(404, "nenhuma execução foi publicada ainda")
        return Response(encode_json(found), headers={"Cache-Control": CACHE_CONTROL}, media_type="application/json")

    return router
