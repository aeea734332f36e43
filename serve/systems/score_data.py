"""What Base B knows of a consumer (``score-data``), kept in Redis for a minute, encrypted, until a change is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from serve.api.clock import Clock, naive_utc
from serve.api.json_text import encode_json
from serve.published.kept_answers import score_data_key
from serve.published.person_hash import PersonHash
from serve.sources.sql_store import SqlStore
from serve.systems.leased_cache import LeasedCache
from serve.systems.seal import Seal
from serve.systems.source_tables import ADDRESS, BEM, FONTE_DE_RENDA, PESSOA

CACHE_SECONDS = 60
_INCOME_FIELDS = ("tipo", "descricao", "valor", "frequencia")
_ASSET_FIELDS = ("tipo", "valor_estimado", "descricao")


def score_data_seal(secret: bytes, clock: Clock) -> Seal:
    """Return how the cache keeps what is read here."""
    return Seal(secret, purpose="escore-dados", seconds=CACHE_SECONDS, clock=clock)


class ScoreData:
    """Reads a consumer's income and assets as documented JSON text, through the cache."""

    def __init__(self, base_b: SqlStore, cache: LeasedCache, *, hashes: PersonHash, clock: Clock) -> None:
        self._base_b = base_b
        self._cache = cache
        self._hashes = hashes
        self._clock = clock

    async def read(self, client_id: str) -> bytes | None:
        """Return the JSON, None for an unknown consumer; StoreUnavailableError if neither cache nor Base B has it."""
        key = score_data_key(self._hashes, client_id)
        return await self._cache.read(key, lambda: self._from_base_b(client_id))

    async def invalidate(self, client_id: str) -> None:
        """Forget what is kept of a consumer; StoreUnavailableError if the cache may still give it.

        That is all that processes with another current key keep, too.
        """
        await self._cache.invalidate(*(score_data_key(names, client_id) for names in self._hashes.known))

    async def _from_base_b(self, client_id: str) -> bytes | None:
        values = {"cliente_id": client_id, "agora": naive_utc(self._clock)}
        row = await self._base_b.run(lambda connection: _read_person(connection, values))
        if row is None:
            return None
        return encode_json(
            {
                "cpf": row["cpf"],
                "data_nascimento": row["data_nascimento"],
                "endereco": {name: row[name] for name in ADDRESS},
                "fontes_de_renda": _decode(row["fontes_de_renda"], amount="valor"),
                "bens": _decode(row["bens"], amount="valor_estimado"),
            }
        )


def _read_person(connection: sa.Connection, values: dict[str, Any]) -> sa.RowMapping | None:
    """Read all of a person in one statement, hence one snapshot and one round trip: no transaction is needed."""
    alone = connection.execution_options(isolation_level="AUTOCOMMIT")
    return alone.execute(_PERSON, values).mappings().one_or_none()


def _still_there(table: sa.Table, fields: Sequence[str], ended_at: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    """Return a person's rows that have not ended, as JSON text whose objects hold the fields in order."""
    rows = (
        sa.select(*(table.c[name] for name in fields))
        .where(table.c.cpf == PESSOA.c.cpf, sa.or_(ended_at.is_(None), ended_at > sa.bindparam("agora")))
        .order_by(table.c.id)
        .correlate(PESSOA)
        .subquery()
    )
    return sa.select(sa.cast(sa.func.json_agg(rows.table_valued()), sa.Text)).correlate(PESSOA).scalar_subquery()


_PERSON = sa.select(
    PESSOA,
    _still_there(FONTE_DE_RENDA, _INCOME_FIELDS, FONTE_DE_RENDA.c.encerrada_em).label("fontes_de_renda"),
    _still_there(BEM, _ASSET_FIELDS, BEM.c.alienado_em).label("bens"),
).where(PESSOA.c.cliente_id == sa.bindparam("cliente_id"))


def _decode(rows: str | None, *, amount: str) -> list[dict[str, Any]]:
    """Return the rows with exact amounts; PostgreSQL writes one that is no number (``NaN``) as text: null here."""
    decoded: list[dict[str, Any]] = json.loads(rows or "[]", parse_float=Decimal, parse_int=Decimal)
    return [row if isinstance(row[amount], Decimal) else {**row, amount: None} for row in decoded]
