"""Scores read from PostgreSQL, the source that publishing commits to first: slower than Redis, always right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from contracts.errors import StoreUnavailableError
from contracts.score_terms import Reason
from serve.published.published_score import PublishedScore
from serve.published.run_info import RunInfo, load_run_info
from serve.sources.sql_store import SqlStore

_COLUMNS = "execucao_id, cliente_id, cpf, score, probabilidade, faixa, status, motivos"
_IN_FORCE = "execucao_id = (SELECT id FROM execucao WHERE situacao = 'publicada')"
_BY_CLIENTS = sa.text(
    f"SELECT {_COLUMNS} FROM score WHERE {_IN_FORCE} AND cliente_id = ANY(CAST(:persons AS varchar[]))"
)
_BY_CPFS = sa.text(f"SELECT {_COLUMNS} FROM score WHERE {_IN_FORCE} AND cpf = ANY(CAST(:persons AS char(11)[]))")
"""The rows of `score_vigente`, written so that PostgreSQL looks into one partition only."""


class PostgresScores:
    """Reads published scores; one statement each, so always one whole run."""

    def __init__(self, results: SqlStore) -> None:
        self._results = results
        self._runs: dict[UUID, RunInfo] = {}

    async def by_clients(self, client_ids: Sequence[str]) -> list[PublishedScore | None]:
        """Return the scores of consumers in order; None for those without one."""
        found = await self._results.run(lambda connection: self._read(connection, _BY_CLIENTS, client_ids))
        by_client = {score.client_id: score for score in found.values()}
        return [by_client.get(client_id) for client_id in client_ids]

    async def by_cpfs(self, cpfs: Sequence[str]) -> list[PublishedScore | None]:
        """Return the scores of CPFs (eleven digits each) in order; None for those without one."""
        found = await self._results.run(lambda connection: self._read(connection, _BY_CPFS, cpfs))
        return [found.get(cpf) for cpf in cpfs]

    def _read(
        self, connection: sa.Connection, query: sa.TextClause, persons: Sequence[str]
    ) -> Mapping[str, PublishedScore]:
        rows = connection.execute(query, {"persons": list(dict.fromkeys(persons))}).all()
        return dict(self._published(connection, *row) for row in rows)

    def _published(
        self, connection: sa.Connection, run_id: UUID, client_id: str, cpf: str, *rest: Any
    ) -> tuple[str, PublishedScore]:
        score, probability, band, status, reasons = rest
        run = self._runs.get(run_id) or load_run_info(connection, run_id)
        if run is None:
            raise StoreUnavailableError("PostgreSQL (results): the model of the run in force is missing")
        self._runs = {run_id: run}
        found = tuple(Reason(reason["codigo"], reason["pontos"]) for reason in reasons)
        return cpf, PublishedScore(client_id, cpf[3:9], score, probability, band, status, found, run)
