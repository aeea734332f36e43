"""The list of erased persons, table ``apagamento``: keyed hashes, instants and counts; nobody can be read from it.

While an erasure is under way the person's CPFs are kept sealed under a pad that only the person's id and the
key give, so that one that was killed is completed even where the places that told them are already empty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from contracts.errors import StoreContractError

UNDEFINED = ("42P01", "42703")
"""PostgreSQL's error codes where a table or a column does not exist."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person's erasure: hashes of id and CPFs, when it was asked for and done, and what was removed by place."""

    titular: str
    cpfs: tuple[str, ...]
    cpfs_selados: bytes | None
    pedido_em: datetime
    concluido_em: datetime | None
    contagens: Mapping[str, Any] | None


def find_erasure(engine: sa.Engine, titular: str) -> Erasure | None:
    """Return a person's erasure, begun or done; None if there is none."""
    statement = sa.text(
        "select titular, cpfs, cpfs_selados, pedido_em, concluido_em, contagens"
        " from apagamento where titular = :titular"
    )
    with engine.connect() as connection:
        row = connection.execute(statement, {"titular": titular}).one_or_none()
    if row is None:
        return None
    sealed = None if row.cpfs_selados is None else bytes(row.cpfs_selados)
    return Erasure(row.titular, tuple(row.cpfs), sealed, row.pedido_em, row.concluido_em, row.contagens)


def begin_erasure(engine: sa.Engine, titular: str, cpfs: Sequence[str], sealed: bytes) -> None:
    """Enter that a person is to be erased, or is again; hashes of CPFs that were known before stay."""
    statement = sa.text(
        """
        insert into apagamento (titular, cpfs, cpfs_selados) values (:titular, :cpfs, :sealed)
        on conflict (titular) do update set
          concluido_em = null, cpfs_selados = excluded.cpfs_selados, readmitidos = '{}',
          cpfs = array(select distinct unnest(apagamento.cpfs || excluded.cpfs) order by 1)
        """
    )
    with engine.begin() as connection:
        connection.execute(statement, {"titular": titular, "cpfs": sorted(cpfs), "sealed": sealed})


def finish_erasure(engine: sa.Engine, titular: str, counts: Mapping[str, int]) -> None:
    """Enter that nothing of the person is found any more, with what was removed; the sealed CPFs go."""
    statement = sa.text(
        "update apagamento set concluido_em = now(), cpfs_selados = null, contagens = cast(:counts as jsonb)"
        " where titular = :titular"
    )
    with engine.begin() as connection:
        connection.execute(statement, {"titular": titular, "counts": json.dumps(dict(counts), sort_keys=True)})


def erased_since(engine: sa.Engine, instant: datetime) -> bool:
    """Return whether a person was erased since, or is still to be."""
    statement = sa.text("select exists (select from apagamento where coalesce(concluido_em, 'infinity') >= :instant)")
    with engine.connect() as connection:
        return bool(connection.scalar(statement, {"instant": instant}))


def readmit(engine: sa.Engine, titular: str, cpfs: Sequence[str]) -> int:
    """Enter that a person, by the hashes of their id and CPFs, is kept out no longer; return how many entries change.

    An erasure of the same id is undone as a whole. One of another id, under which the person was known by the same
    CPF, stays but for that CPF.
    """
    statement = sa.text(
        """
        with asked as (
          select titular, case when titular = :titular then array_append(cpfs, titular)
            else array(select unnest(cpfs) intersect select unnest(cast(:cpfs as text[]))) end as hashes
          from apagamento)
        update apagamento set readmitido_em = now(),
          readmitidos = array(select distinct unnest(apagamento.readmitidos || asked.hashes) order by 1)
        from asked where asked.titular = apagamento.titular and not asked.hashes <@ apagamento.readmitidos
        """
    )
    with engine.begin() as connection:
        return connection.execute(statement, {"titular": titular, "cpfs": sorted(cpfs)}).rowcount


def last_readmission(engine: sa.Engine) -> datetime | None:
    """Return when a person was last taken in again; None if nobody was."""
    with engine.connect() as connection:
        found: datetime | None = connection.scalar(sa.text("select max(readmitido_em) from apagamento"))
    return found


def erased_hashes(engine: sa.Engine) -> frozenset[str]:
    """Return the hashes of all who are kept out, of ids and of CPFs; StoreContractError if migrations are missing."""
    try:
        with engine.connect() as connection:
            rows = connection.execute(sa.text("select titular, cpfs, readmitidos from apagamento")).all()
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) not in UNDEFINED:
            raise
        raise StoreContractError("results: table apagamento is not of this version; run `escore migrate`") from None
    return frozenset(text for row in rows for text in {row.titular, *row.cpfs} - set(row.readmitidos))
