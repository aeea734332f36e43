"""The public description of the model in force, and of the law that binds it (Lei 12.414 art. 5 IV; LGPD art. 20 §1).

No token is asked for: it is made from the model alone and holds nobody's data. Since anybody may ask, PostgreSQL
is asked once for all who ask within some seconds.
"""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from fastapi import APIRouter, Response

from contracts.errors import StoreUnavailableError
from contracts.regime import Regime
from serve.api.json_text import encode_json
from serve.api.payload_models import DescricaoDoModelo
from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_MODEL
from serve.api.problems import problem_responses
from serve.sources.sql_store import SqlStore

FRESH_SECONDS = 10.0
STALE_SECONDS = 300.0
"""How old an answer may be: while PostgreSQL answers, and while it does not. Callers may keep it as long."""

CACHE_CONTROL = f"public, max-age={STALE_SECONDS:.0f}"
_IN_FORCE = sa.text(
    "SELECT m.nome, m.versao, m.horizonte_meses, m.descricao FROM execucao e"
    " JOIN modelo m ON m.versao = e.modelo_versao WHERE e.situacao = 'publicada'"
)


class ModelInForce:
    """Reads the description as JSON, and keeps it for a while."""

    def __init__(self, results: SqlStore, regime: Regime) -> None:
        self._results = results
        self._regime = regime
        self._lock = asyncio.Lock()
        self._kept: bytes | None = None
        self._read_at = self._tried_at = -STALE_SECONDS

    async def read(self) -> bytes | None:
        """Return the description, None if no run was ever published; StoreUnavailableError if it is not to be had."""
        if self._age() <= FRESH_SECONDS or (self._lock.locked() and self._is_good_enough()):
            return self._kept
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now - self._tried_at > FRESH_SECONDS or not self._is_good_enough():
                self._tried_at = now
                await self._refresh()
            return self._kept

    def _is_good_enough(self) -> bool:
        """Return whether what is kept may be told although PostgreSQL was not heard since."""
        return self._kept is not None and self._age() <= STALE_SECONDS

    async def _refresh(self) -> None:
        try:
            self._kept = await self._results.run(self._describe)
        except StoreUnavailableError:
            if not self._is_good_enough():
                raise
        else:
            self._read_at = asyncio.get_running_loop().time()

    def _age(self) -> float:
        return asyncio.get_running_loop().time() - self._read_at

    def _describe(self, connection: sa.Connection) -> bytes | None:
        row = connection.execute(_IN_FORCE).one_or_none()
        if row is None:
            return None
        return encode_json(
            {
                "modelo": {"nome": row.nome, "versao": row.versao},
                "horizonte_meses": row.horizonte_meses,
                "regime": self._regime.value,
                "base_legal": self._regime.legal_basis,
                "descricao": row.descricao,
            }
        )


def make_router(model: ModelInForce) -> APIRouter:
    """Return the route ``/modelo``."""
    router = APIRouter(tags=["Transparência"])

    async def show_model() -> Response:
        """Descreve o modelo em vigor: elementos, critérios, limites e base legal. Não pede token."""
        found = await model.read()
        if found is None:
            raise ProblemError(NO_MODEL)
        return Response(found, headers={"Cache-Control": CACHE_CONTROL}, media_type="application/json")

    router.add_api_route(
        "/modelo",
        show_model,
        methods=["GET"],
        response_model=DescricaoDoModelo,
        responses=problem_responses(404, 503),
        operation_id="descrever_modelo",
    )
    return router
