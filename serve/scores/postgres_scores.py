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

_COLUMNS = "execucao_id, cliente_id, cpf, score, probabilidade, faixa, status, motivos"
_IN_FORCE = "execucao_id = (SELECT id FROM execucao WHERE situacao = 'publicada')"
_BY_CLIENT = sa.text(f"SELECT {_COLUMNS} FROM score WHERE {_IN_FORCE} AND cliente_id = :client_id")
_BY_CPFS = sa.text(f"SELECT {_COLUMNS} FROM score WHERE {_IN_FORCE} AND cpf = ANY(CAST(:cpfs AS char(11)[]))")
"""The rows of `score_vigente`, written so that PostgreSQL looks into one partition only."""


class PostgresScores:
    """Reads published scores; one statement each, so always one whole run. Not for the event loop's thread."""

    def __init__(self, results: sa.Engine) -> None:
        self._results = results
        self._runs: dict[UUID, RunInfo] = {}

    def by_client(self, client_id: str) -> PublishedScore | None:
        """Return a consumer's score; None if the run in force has none."""
        found = self._read(_BY_CLIENT, {"client_id": client_id})
        return found[0][1] if found else None

    def by_cpfs(self, cpfs: Sequence[str]) -> list[PublishedScore | None]:
        """Return the scores of CPFs (eleven digits each) in order; None for those without one."""
        by_cpf = dict(self._read(_BY_CPFS, {"cpfs": list(set(cpfs))}))
        return [by_cpf.get(cpf) for cpf in cpfs]

    def _read(self, query: sa.TextClause, values: Mapping[str, Any]) -> list[tuple[str, PublishedScore]]:
        try:
            with self._results.connect() as connection:
                rows = connection.execute(query, values).all()
                return [self._published(connection, *row) for row in rows]
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
            raise StoreUnavailableError(f"PostgreSQL (results): {type(error).__name__}") from None

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
