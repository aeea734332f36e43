"""The state of runs (``execucao.situacao``) as publishing changes it; at most one run is `publicada`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from serve.published.run_info import RunInfo

REVERTED = "revertida"
"""``motivo_falha`` of a run that a rollback took out of force; a later rollback never returns to it."""

_SWITCH_LOCK = 0x65736372
"""Key of the advisory lock under which runs change state; the letters `escr`."""


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A run that is or was in force."""

    run_id: UUID
    data_referencia: date
    publicada_em: datetime
    in_force: bool
    reverted: bool


def lock_states(connection: sa.Connection) -> None:
    """Wait until no other process changes the state of runs; held to the transaction's end."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SWITCH_LOCK})


def runs_published(connection: sa.Connection) -> tuple[PublishedRun, ...]:
    """Return every run that is or was in force, the latest published first."""
    query = (
        "SELECT id, data_referencia, publicada_em, situacao = 'publicada', motivo_falha IS NOT DISTINCT FROM :reverted"
        " FROM execucao WHERE situacao IN ('publicada', 'substituida') AND publicada_em IS NOT NULL"
        " ORDER BY publicada_em DESC, id DESC"
    )
    return tuple(PublishedRun(*row) for row in connection.execute(sa.text(query), {"reverted": REVERTED}))


def runs_in_progress(connection: sa.Connection) -> frozenset[UUID]:
    """Return the runs that have begun and neither ended nor failed for good."""
    return frozenset(connection.scalars(sa.text("SELECT id FROM execucao WHERE situacao = 'em_andamento'")))


def run_in_force(connection: sa.Connection) -> UUID | None:
    """Return the published run; None before the first."""
    run_id: UUID | None = connection.scalar(sa.text("SELECT id FROM execucao WHERE situacao = 'publicada'"))
    return run_id


def state_of(connection: sa.Connection, run_id: UUID) -> str | None:
    """Return a run's ``situacao``; None if there is no such run."""
    state: str | None = connection.scalar(sa.text("SELECT situacao FROM execucao WHERE id = :id"), {"id": run_id})
    return state


def hold_state(connection: sa.Connection, run_id: UUID) -> str | None:
    """Return a run's ``situacao``, which nobody can change before the transaction's end; None without such a run."""
    query = "SELECT situacao FROM execucao WHERE id = :id FOR UPDATE"
    state: str | None = connection.scalar(sa.text(query), {"id": run_id})
    return state


def expected_consumers(connection: sa.Connection) -> int | None:
    """Return how many consumers the latest finished run extracted; None before the first."""
    query = "SELECT extraidos FROM execucao WHERE extraidos IS NOT NULL ORDER BY iniciada_em DESC LIMIT 1"
    count: int | None = connection.scalar(sa.text(query))
    return count


def counted_consumers(connection: sa.Connection, run_id: UUID) -> int | None:
    """Return how many consumers a run has counted as scored or insufficient; None if it has counted none yet."""
    query = "SELECT pontuados + insuficientes FROM execucao WHERE id = :id"
    count: int | None = connection.scalar(sa.text(query), {"id": run_id})
    return count


def supersede_current(connection: sa.Connection, *, reverted: bool) -> None:
    """Take the published run out of force."""
    connection.execute(
        sa.text("UPDATE execucao SET situacao = 'substituida', motivo_falha = :why WHERE situacao = 'publicada'"),
        {"why": REVERTED if reverted else None},
    )


def put_in_force(connection: sa.Connection, run_id: UUID) -> None:
    """Make a run that was in force before the published one again; its time of publication stays."""
    connection.execute(sa.text("UPDATE execucao SET situacao = 'publicada' WHERE id = :id"), {"id": run_id})


def mark_published(connection: sa.Connection, run: RunInfo) -> None:
    """Make a new run the published one, now."""
    connection.execute(
        sa.text(
            "UPDATE execucao SET situacao = 'publicada', publicada_em = clock_timestamp(), terminada_em = :computed,"
            " modelo_versao = :version WHERE id = :id"
        ),
        {"id": run.execucao_id, "computed": run.calculado_em, "version": run.modelo_versao},
    )


def save_model(connection: sa.Connection, run: RunInfo) -> None:
    """Insert or refresh the row of the run's model, whose texts the scores are read with."""
    connection.execute(
        sa.text(
            "INSERT INTO modelo (versao, nome, horizonte_meses, textos, sha256, descricao)"
            " VALUES (:v, :n, :h, CAST(:t AS jsonb), :s, :d)"
            " ON CONFLICT (versao) DO UPDATE SET nome = excluded.nome, horizonte_meses = excluded.horizonte_meses,"
            " textos = excluded.textos, sha256 = excluded.sha256, descricao = excluded.descricao"
        ),
        {
            "v": run.modelo_versao,
            "n": run.modelo_nome,
            "h": run.horizonte_meses,
            "t": json.dumps({code: dict(texts) for code, texts in run.textos.items()}, ensure_ascii=False),
            "s": run.modelo_sha256,
            "d": run.modelo_descricao,
        },
    )
