"""What Base B knows of a consumer (``score-data``), kept in Redis for a minute, encrypted."""

from __future__ import annotations

import base64
from typing import Any

import redis.asyncio
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from redis.exceptions import RedisError
from starlette.concurrency import run_in_threadpool

from serve.api.clock import Clock, naive_utc
from serve.api.json_text import encode_json
from serve.published.person_hash import FIELD_BYTES, PAD_BYTES, PersonHash, derive_key
from serve.systems.source_tables import ADDRESS, BEM, FONTE_DE_RENDA, PESSOA

CACHE_SECONDS = 60
KEY_PREFIX = "escore:dados:"
_KEY_BYTES = slice(FIELD_BYTES.start, PAD_BYTES.start + 8)


class ScoreData:
    """Reads a consumer's income and assets as documented JSON text."""

    def __init__(
        self, base_b: sa.Engine, cache: redis.asyncio.Redis, *, hashes: PersonHash, secret: bytes, clock: Clock
    ) -> None:
        self._base_b = base_b
        self._cache = cache
        self._hashes = hashes
        self._fernet = Fernet(base64.urlsafe_b64encode(derive_key(secret, "escore-dados")))
        self._clock = clock

    async def read(self, client_id: str) -> bytes | None:
        """Return the JSON; None for an unknown consumer. Without Redis it comes from Base B each time."""
        key = KEY_PREFIX + self._hashes.of_client(client_id)[_KEY_BYTES].hex()
        kept = await self._from_cache(key)
        if kept is not None:
            return kept
        found = await run_in_threadpool(self._from_base_b, client_id)
        if found is None:
            return None
        text = encode_json(found)
        try:
            await self._cache.set(key, self._fernet.encrypt(text), ex=CACHE_SECONDS)
        except RedisError:
            return text
        return text

    async def _from_cache(self, key: str) -> bytes | None:
        try:
            sealed = await self._cache.get(key)
            return None if sealed is None else self._fernet.decrypt(sealed, ttl=CACHE_SECONDS)
        except (RedisError, InvalidToken):
            return None

    def _from_base_b(self, client_id: str) -> dict[str, Any] | None:
        now = naive_utc(self._clock)
        incomes = sa.select(*(FONTE_DE_RENDA.c[n] for n in ("tipo", "descricao", "valor", "frequencia")))
        assets = sa.select(*(BEM.c[n] for n in ("tipo", "valor_estimado", "descricao")))
        with self._base_b.connect() as connection:
            person = connection.execute(sa.select(PESSOA).where(PESSOA.c.cliente_id == client_id)).mappings().first()
            if person is None:
                return None
            open_incomes = incomes.where(
                FONTE_DE_RENDA.c.cpf == person["cpf"], _still_open(FONTE_DE_RENDA.c.encerrada_em, now)
            ).order_by(FONTE_DE_RENDA.c.id)
            owned = assets.where(BEM.c.cpf == person["cpf"], _still_open(BEM.c.alienado_em, now)).order_by(BEM.c.id)
            return {
                "cpf": person["cpf"],
                "data_nascimento": person["data_nascimento"],
                "endereco": {name: person[name] for name in ADDRESS},
                "fontes_de_renda": [dict(row) for row in connection.execute(open_incomes).mappings()],
                "bens": [dict(row) for row in connection.execute(owned).mappings()],
            }


def _still_open(ended_at: sa.Column[Any], now: Any) -> sa.ColumnElement[bool]:
    return sa.or_(ended_at.is_(None), ended_at > now)
