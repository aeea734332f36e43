"""The queue of erasures: a request is entered at once and worked on later, by whoever runs the flows.

What waits is a keyed hash and the consumer's id under a seal (Fernet, of the key by which persons are named); Prefect
never sees either. Working on the queue may be killed at any moment and repeated: an erasure is safe to repeat, and a
request waits until its proof is entered.
"""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from contracts.errors import (
    ClientNotFoundError,
    DataIntegrityError,
    EscoreError,
    RunConflictError,
    StoreUnavailableError,
)
from contracts.settings import RESULTS_SETTINGS, Settings
from flows.databases import reached_engine
from flows.erase import erase_client
from flows.withheld import values_withheld
from serve.published.person_hash import PersonHash, key_id_of
from stores import erasure_requests, erasures
from stores.erasure_requests import DONE, UNKNOWN, ErasureRequest
from stores.run_ids import new_run_id

QUEUE_SETTINGS = ("results_url", "cache_key")
_PURPOSE = "escore-pedidos"


@dataclass(frozen=True, slots=True)
class QueueOutcome:
    """How a turn of the queue went: counts, and since when the oldest request that still waits does."""

    concluidos: int = 0
    desconhecidos: int = 0
    falharam: int = 0
    pendentes: int = 0
    espera_desde: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as a flow returns it."""
        since = None if self.espera_desde is None else self.espera_desde.isoformat()
        return {**asdict(self), "espera_desde": since}


@values_withheld
def request_erasure(settings: Settings, client_id: str) -> ErasureRequest:
    """Enter that a consumer is to be erased; the request that waits already, if there is one. Erases nothing yet."""
    settings.require(*QUEUE_SETTINGS)
    hashes = PersonHash.from_settings(settings)
    with reached_engine(settings, "results_url") as engine:
        return erasure_requests.add_request(
            engine,
            new_run_id(datetime.now(UTC)),
            titular=hashes.subject_by_client(client_id),
            names=hashes.all_by_client(client_id),
            sealed=_fernet(hashes).encrypt(client_id.encode()),
        )


@values_withheld
def list_requests(settings: Settings, *, limit: int) -> tuple[ErasureRequest, ...]:
    """Return the latest requests, those that wait first."""
    with reached_engine(settings.require("results_url"), "results_url") as engine:
        return erasure_requests.latest_requests(engine, limit=limit)


@values_withheld
def work_queue(settings: Settings, *, limit: int) -> QueueOutcome:
    """Erase who waits, up to ``limit`` persons; each request that is done has its proof entered.

    A run or another erasure that is under way ends the turn, and the rest waits for the next one; so does a store that
    does not answer, by StoreUnavailableError. What else stops one erasure is noted, and the next request has its turn.
    """
    settings.require(*RESULTS_SETTINGS)
    hashes = PersonHash.from_settings(settings)
    done = unknown = failed = 0
    with reached_engine(settings, "results_url") as engine:
        for request in erasure_requests.waiting_requests(engine, limit=limit):
            try:
                ended = _erase(settings, engine, hashes, request)
            except EscoreError as error:
                erasure_requests.note_attempt(engine, request.id, motivo=type(error).__name__)
                if isinstance(error, StoreUnavailableError):
                    raise
                if isinstance(error, RunConflictError):
                    break
                failed += 1
            else:
                done += ended == DONE
                unknown += ended == UNKNOWN
        waiting, since = erasure_requests.count_waiting(engine)
    return QueueOutcome(done, unknown, failed, waiting, since)


def _erase(settings: Settings, engine: sa.Engine, hashes: PersonHash, request: ErasureRequest) -> str:
    """Erase the person of a request and enter the proof; return how the request ended."""
    client_id = _unseal(hashes, request)
    try:
        proof = erase_client(settings, client_id)
    except ClientNotFoundError:
        ended = UNKNOWN
        told: dict[str, Any] = {"encontrados_depois": 0}
    else:
        ended = DONE
        entry = erasures.find_erasure(engine, proof.titular)
        removed = proof.removed if entry is None or entry.contagens is None else entry.contagens
        told = {**proof.to_json(), "removidos": dict(removed)}
    erasure_requests.close_request(engine, request.id, situacao=ended, prova=told)
    return ended


def _unseal(hashes: PersonHash, request: ErasureRequest) -> str:
    """Return whose request it is; SettingsError without its key, DataIntegrityError if the seal is broken or another's.

    Whoever may write the table could put one person's seal into another's request: the proof would name the wrong one.
    """
    names = hashes.under(key_id_of(request.titular))
    try:
        client_id = _fernet(names).decrypt(request.cliente_selado or b"").decode()
    except (InvalidToken, UnicodeDecodeError):
        client_id = None
    if client_id is None or names.subject_by_client(client_id) != request.titular:
        raise DataIntegrityError(f"request {request.id}: its seal is broken; ask for the erasure anew")
    return client_id


def _fernet(hashes: PersonHash) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashes.derive(_PURPOSE)))
