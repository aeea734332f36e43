"""The ledger of runs, table ``execucao``: opened, counted, failed, found again.

Who may run a date at all `stores.run_locks` says. Publication, which makes a run ``publicada`` and the one before
``substituida``, is not done here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from contracts.errors import RunConflictError
from stores.run_locks import reference_date_lock

PUBLISHED = ("publicada", "substituida")
"""``situacao`` of a run that is in force, or was."""

MAX_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the ledger; counts are of clients, ``contagens`` per table, instants aware."""

    id: UUID
    data_referencia: date
    modelo_versao: str
    situacao: str
    extraidos: int | None
    pontuados: int | None
    insuficientes: int | None
    rejeitados: int | None
    contagens: Mapping[str, Any] | None
    impressao: str | None
    motivo_falha: str | None
    retomavel: bool
    iniciada_em: datetime
    terminada_em: datetime | None
    publicada_em: datetime | None


@dataclass(frozen=True, slots=True)
class ClientCounts:
    """A run's clients: extracted = scored + insufficient + rejected."""

    extraidos: int
    pontuados: int
    insuficientes: int
    rejeitados: int


_COLUMNS = ", ".join(field.name for field in fields(Run))


def open_run(engine: sa.Engine, *, execucao_id: UUID, data_referencia: date, modelo_versao: str) -> None:
    """Enter a run as under way, or take up one that was left under way or failed resumably.

    RunConflictError if the id belongs to a run that cannot be taken up, or to another date or model.
    """
    statement = sa.text(
        """
        insert into execucao (id, data_referencia, modelo_versao, situacao, iniciada_em)
        values (:id, :data, :modelo, 'em_andamento', now())
        on conflict (id) do update set situacao = 'em_andamento', motivo_falha = null, terminada_em = null
        where execucao.data_referencia = excluded.data_referencia
          and execucao.modelo_versao = excluded.modelo_versao
          and execucao.retomavel and execucao.situacao in ('em_andamento', 'falhou')
        """
    )
    with engine.begin() as connection:
        values = {"id": execucao_id, "data": data_referencia, "modelo": modelo_versao}
        if connection.execute(statement, values).rowcount != 1:
            raise RunConflictError(f"run {execucao_id} cannot be taken up for {data_referencia} and {modelo_versao}")


def resumable_run(engine: sa.Engine, data_referencia: date, modelo_versao: str) -> UUID | None:
    """Return the latest unfinished run of that date and model that may be taken up, or None."""
    statement = sa.text(
        """
        select id from execucao
        where data_referencia = :data and modelo_versao = :modelo
          and retomavel and situacao in ('em_andamento', 'falhou')
        order by iniciada_em desc, id desc limit 1
        """
    )
    with engine.connect() as connection:
        found: UUID | None = connection.scalar(statement, {"data": data_referencia, "modelo": modelo_versao})
    return found


def fail_run(engine: sa.Engine, execucao_id: UUID, *, motivo: str, retomavel: bool) -> None:
    """Enter that a run under way failed and why (no person's data); RunConflictError if none is under way."""
    statement = sa.text(
        """
        update execucao set situacao = 'falhou', motivo_falha = :motivo, retomavel = :retomavel, terminada_em = now()
        where id = :id and situacao = 'em_andamento'
        """
    )
    _change(engine, statement, {"id": execucao_id, "motivo": motivo[:MAX_REASON], "retomavel": retomavel})


def abandon_run(engine: sa.Engine, execucao_id: UUID, *, motivo: str) -> None:
    """Enter that a half-finished run will not be gone on with; one that is published stays as it is."""
    statement = sa.text(
        """
        update execucao set situacao = 'falhou', motivo_falha = :motivo, retomavel = false,
          terminada_em = coalesce(terminada_em, now())
        where id = :id and retomavel and situacao in ('em_andamento', 'falhou')
        """
    )
    _change(engine, statement, {"id": execucao_id, "motivo": motivo[:MAX_REASON]})


def abandon_stale_runs(engine: sa.Engine, *, begun_before: datetime, motivo: str) -> tuple[UUID, ...]:
    """Give up the runs that were killed and never gone on with; return them.

    Those are under way by their row, began before an instant, and no process holds the right to run their date.
    """
    query = sa.text(
        "select id, data_referencia from execucao where situacao = 'em_andamento' and retomavel"
        " and iniciada_em < :before order by iniciada_em"
    )
    with engine.connect() as connection:
        found = [(row[0], row[1]) for row in connection.execute(query, {"before": begun_before})]
    return tuple(run_id for run_id, day in found if _abandon_if_idle(engine, run_id, day, motivo))


def _abandon_if_idle(engine: sa.Engine, execucao_id: UUID, day: date, motivo: str) -> bool:
    try:
        with reference_date_lock(engine, day):
            abandon_run(engine, execucao_id, motivo=motivo)
    except RunConflictError:
        return False
    return True


def record_counts(
    engine: sa.Engine,
    execucao_id: UUID,
    clients: ClientCounts,
    *,
    contagens: Mapping[str, Any],
    impressao: str | None = None,
) -> None:
    """Enter a run's counts, and the digest of its content once known; RunConflictError if it is not under way."""
    statement = sa.text(
        """
        update execucao set extraidos = :extraidos, pontuados = :pontuados, insuficientes = :insuficientes,
          rejeitados = :rejeitados, contagens = cast(:contagens as jsonb), impressao = coalesce(:impressao, impressao)
        where id = :id and situacao = 'em_andamento'
        """
    )
    values: dict[str, Any] = {field.name: getattr(clients, field.name) for field in fields(clients)}
    values |= {"id": execucao_id, "contagens": json.dumps(contagens, sort_keys=True), "impressao": impressao}
    _change(engine, statement, values)


def get_run(engine: sa.Engine, execucao_id: UUID) -> Run | None:
    """Return one run, or None."""
    statement = sa.text(f"select {_COLUMNS} from execucao where id = :id")
    with engine.connect() as connection:
        row = connection.execute(statement, {"id": execucao_id}).one_or_none()
    return Run(**row._mapping) if row is not None else None


def run_in_force(engine: sa.Engine) -> Run | None:
    """Return the run whose scores readers see, or None."""
    statement = sa.text(f"select {_COLUMNS} from execucao where situacao = 'publicada'")
    with engine.connect() as connection:
        row = connection.execute(statement).one_or_none()
    return Run(**row._mapping) if row is not None else None


def list_runs(engine: sa.Engine, *, limit: int | None = None) -> tuple[Run, ...]:
    """Return the runs, newest first: all, or the latest so many."""
    statement = sa.text(f"select {_COLUMNS} from execucao order by iniciada_em desc, id desc limit :limit")
    with engine.connect() as connection:
        return tuple(Run(**row._mapping) for row in connection.execute(statement, {"limit": limit}))


def _change(engine: sa.Engine, statement: sa.TextClause, values: Mapping[str, Any]) -> None:
    with engine.begin() as connection:
        if connection.execute(statement, dict(values)).rowcount != 1:
            raise RunConflictError(f"run {values['id']} is not under way")
