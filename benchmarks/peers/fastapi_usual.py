"""FastAPI as its users write it: the token in a dependency (PyJWT), a pydantic response model, redis.asyncio.

No rate limit, no audit, no request log: the reading of a score and the check of the token alone.
"""

import os
from datetime import date, datetime
from typing import Annotated, Literal

import jwt
import redis.asyncio
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from benchmarks.peers.stored_json import REDIS_URL, key_of

SECRET = os.environ["PARES_JWT_SECRET"]
CACHE = redis.asyncio.Redis.from_url(REDIS_URL)
app = FastAPI()


class Escala(BaseModel):
    min: int
    max: int


class Motivo(BaseModel):
    codigo: str
    texto: str
    direcao: Literal["aumenta", "reduz"]
    pontos: int


class Modelo(BaseModel):
    nome: str
    versao: str


class Score(BaseModel):
    cliente_id: str
    cpf_mascarado: str
    score: int | None
    escala: Escala
    faixa: str | None
    status: str
    probabilidade_inadimplencia: float | None
    horizonte_meses: int
    motivos: list[Motivo]
    modelo: Modelo
    data_referencia: date
    calculado_em: datetime
    valido_ate: date


async def check_token(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    try:
        claims = jwt.decode(
            credentials.credentials, SECRET, algorithms=["HS256"], audience="escore-api", issuer="escore"
        )
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None
    if "score:ler" not in claims["scope"].split():
        raise HTTPException(403)
    return str(claims["sub"])


@app.get("/clientes/{cliente_id}/score")
async def read_score(cliente_id: str, _consulente: Annotated[str, Depends(check_token)]) -> Score:
    text = await CACHE.get(key_of(cliente_id))
    if text is None:
        raise HTTPException(404)
    return Score.model_validate_json(text)
