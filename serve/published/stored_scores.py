"""One consumer's score of one run as each store holds it, for a review that compares them bit for bit.

Reads PostgreSQL by the run's own partition, in force or not, and the run's two Redis records, by id and by CPF.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
import sqlalchemy as sa

from contracts.errors import StoreUnavailableError
from contracts.score_terms import Reason
from serve.published.key_layout import POINTER_KEY, Pointer, client_prefix, cpf_prefix, info_key, locate, read_record
from serve.published.person_hash import PersonHash
from serve.published.run_info import GenerationInfo
from serve.publishing.generations import reading_redis, redis_errors

_SELECT = sa.text(
    "SELECT cpf, score, probabilidade, faixa, status, motivos FROM score"
    " WHERE execucao_id = :run_id AND cliente_id = :client_id"
)


@dataclass(frozen=True, slots=True)
class StoredScore:
    """A score's published fields; ``probability`` is a float32's exact value."""

    score: int | None
    probability: float | None
    band: str | None
    status: str
    reasons: tuple[Reason, ...]

    def differences(self, other: StoredScore) -> tuple[str, ...]:
        """Return the names of the published fields that differ, the probability by its 32 bits."""
        pairs = {
            "score": (self.score, other.score),
            "probabilidade": (_bits(self.probability), _bits(other.probability)),
            "faixa": (self.band, other.band),
            "status": (self.status, other.status),
            "motivos": (self.reasons, other.reasons),
        }
        return tuple(name for name, (mine, theirs) in pairs.items() if mine != theirs)


def read_postgres(results: sa.Engine, run_id: UUID, client_id: str) -> tuple[str, StoredScore] | None:
    """Return a consumer's CPF and score in a run; None if the run's partition holds none.

    StoreUnavailableError if PostgreSQL does not answer.
    """
    try:
        with results.connect() as connection:
            row = connection.execute(_SELECT, {"run_id": run_id, "client_id": client_id}).one_or_none()
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        raise StoreUnavailableError(f"PostgreSQL (results): {type(error).__name__}") from None
    if row is None:
        return None
    cpf, score, probability, band, status, reasons = row
    found = tuple(Reason(reason["codigo"], reason["pontos"]) for reason in reasons)
    return cpf, StoredScore(score, probability, band, status, found)


def read_redis(
    cache: redis.Redis, hashes: PersonHash, run_id: UUID, *, client_id: str, cpf: str
) -> dict[str, StoredScore | None]:
    """Return the run's record by consumer id and the one by CPF; None where Redis does not hold it.

    StoreUnavailableError if Redis does not answer, DataIntegrityError if what it holds is not of the layout;
    SettingsError if persons are named in it by a key not known here.
    """
    with redis_errors():
        pointer_text: Any = cache.get(POINTER_KEY)
        with reading_redis(POINTER_KEY):
            mark = "" if pointer_text is None else Pointer.decode(pointer_text).mark_of(run_id)
        info_text: Any = cache.get(info_key(run_id, mark))
        if info_text is None:
            return {"Redis, by id": None, "Redis, by CPF": None}
        with reading_redis(f"the description of run {run_id}"):
            info = GenerationInfo.decode(info_text)
        names = hashes.under(info.key_id)
        places = {
            "Redis, by id": (names.of_client(client_id), client_prefix(run_id, mark)),
            "Redis, by CPF": (names.of_cpf(cpf), cpf_prefix(run_id, mark)),
        }
        found: dict[str, Any] = {
            name: cache.hget(*locate(digest, prefix, info.buckets)) for name, (digest, prefix) in places.items()
        }
    with reading_redis(f"a record of run {run_id}"):
        return {name: None if value is None else _unpack(value, info.run.codes) for name, value in found.items()}


def _unpack(value: bytes, codes: tuple[str, ...]) -> StoredScore:
    packed = read_record(value)
    reasons = tuple(Reason(codes[number], points) for number, points in packed.reasons)
    band = None if packed.band is None else packed.band.value
    return StoredScore(packed.score, packed.probability, band, packed.status.value, reasons)


def _bits(probability: float | None) -> bytes | None:
    return None if probability is None else struct.pack("<f", probability)
