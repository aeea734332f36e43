"""The list of erased persons, table ``apagamento``: keyed hashes, instants and counts; nobody can be read from it.

A hash begins with the id of its key (serve/published/person_hash.py). Where keys are changed, those of persons whom a
run meets are replaced by hashes under the current key, one by one: an entry may hold some of both.

While an erasure is under way the person's CPFs are kept sealed under a pad that only the person's id and the
key give, so that one that was killed is completed even where the places that told them are already empty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
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


def find_erasure(engine: sa.Engine, *names: str) -> Erasure | None:
    """Return a person's erasure, begun or done, by the hashes that their id may have; None if there is none."""
    statement = sa.text(
        "select titular, cpfs, cpfs_selados, pedido_em, concluido_em, contagens"
        " from apagamento where titular = any(:names) order by pedido_em desc"
    )
    with engine.connect() as connection:
        row = connection.execute(statement, {"names": list(names)}).first()
    if row is None:
        return None
    sealed = None if row.cpfs_selados is None else bytes(row.cpfs_selados)
    return Erasure(row.titular, tuple(row.cpfs), sealed, row.pedido_em, row.concluido_em, row.contagens)


def begin_erasure(
    engine: sa.Engine,
    titular: str,
    cpfs: Sequence[str],
    sealed: bytes,
    *,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Enter that a person is to be erased, or is again; hashes of CPFs that were known before stay.

    ``renamed`` gives the hash under the current key of each that the person may have under another.
    """
    statement = sa.text(
        """
        insert into apagamento (titular, cpfs, cpfs_selados) values (:titular, :cpfs, :sealed)
        on conflict (titular) do update set
          concluido_em = null, cpfs_selados = excluded.cpfs_selados, readmitidos = '{}',
          cpfs = array(select distinct unnest(apagamento.cpfs || excluded.cpfs) order by 1)
        """
    )
    with engine.begin() as connection:
        _rename(connection, renamed, is_sealed=True)
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


def rename_hashes(engine: sa.Engine, renamed: Mapping[str, str]) -> None:
    """Replace hashes by those of the same persons under another key, wherever they stand in the list.

    An erasure that was begun and not ended keeps its hashes: what it has sealed is under the key of its ``titular``.
    """
    with engine.begin() as connection:
        _rename(connection, renamed, is_sealed=False)


def mark_unmarked(engine: sa.Engine, key_id: str) -> None:
    """Give the entries that are older than ids of keys the id of the key that was the only one then."""
    marked = "array(select :mark || hash from unnest({}) as hash)"
    statement = sa.text(
        f"update apagamento set titular = :mark || titular, cpfs = {marked.format('cpfs')},"
        f" readmitidos = {marked.format('readmitidos')} where titular not like 'k%'"
    )
    with engine.begin() as connection:
        connection.execute(statement, {"mark": f"{key_id}:"})


def readmit(engine: sa.Engine, names: Sequence[str], cpfs: Sequence[str]) -> int:
    """Enter that a person, by the hashes of their id and CPFs, is kept out no longer; return how many entries change.

    An erasure of the same id is undone as a whole. One of another id, under which the person was known by the same
    CPF, stays but for that CPF.
    """
    statement = sa.text(
        """
        with asked as (
          select titular, case when titular = any(:names) then array_append(cpfs, titular)
            else array(select unnest(cpfs) intersect select unnest(cast(:cpfs as text[]))) end as hashes
          from apagamento)
        update apagamento set readmitido_em = now(),
          readmitidos = array(select distinct unnest(apagamento.readmitidos || asked.hashes) order by 1)
        from asked where asked.titular = apagamento.titular and not asked.hashes <@ apagamento.readmitidos
        """
    )
    with engine.begin() as connection:
        return connection.execute(statement, {"names": list(names), "cpfs": sorted(cpfs)}).rowcount


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


def _rename(connection: sa.Connection, renamed: Mapping[str, str], *, is_sealed: bool) -> None:
    """Replace hashes in the entries that hold them; two entries that become one person's become one."""
    if not renamed:
        return
    find = sa.text(
        "select titular, cpfs, readmitidos from apagamento"
        " where (titular = any(:old) or cpfs && cast(:old as text[])) and (:sealed or cpfs_selados is null)"
        " order by titular for update"
    )
    for row in connection.execute(find, {"old": list(renamed), "sealed": is_sealed}).all():
        titular = renamed.get(row.titular, row.titular)
        lists = {
            name: sorted({renamed.get(hash_, hash_) for hash_ in getattr(row, name)})
            for name in ("cpfs", "readmitidos")
        }
        kept_out = sorted({titular, *lists["cpfs"]} - set(lists["readmitidos"]))
        values = {"titular": titular, "cpfs": lists["cpfs"], "kept_out": kept_out}
        if titular != row.titular and connection.scalar(_MERGE, values):
            connection.execute(_EMPTY, {"old": row.titular})
        else:
            connection.execute(_REPLACE, {"old": row.titular, "titular": titular, **lists})


_REPLACE = sa.text(
    "update apagamento set titular = :titular, cpfs = cast(:cpfs as text[]),"
    " readmitidos = cast(:readmitidos as text[]) where titular = :old"
)
_MERGE = sa.text(
    "update apagamento set cpfs = array(select distinct unnest(cpfs || cast(:cpfs as text[])) order by 1),"
    " readmitidos = array(select unnest(readmitidos) except select unnest(cast(:kept_out as text[])) order by 1)"
    " where titular = :titular returning true"
)
"""Whoever either entry keeps out is kept out."""

_EMPTY = sa.text("update apagamento set cpfs = '{}', readmitidos = array[titular] where titular = :old")
"""The entry stays as a proof, and keeps nobody out: the other one does."""
