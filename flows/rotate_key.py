"""Change of the key by which persons are named: Redis under the newest key, and what still needs which key.

The order that leaves no gap is in docs/how-to/rotate-the-key.md; why it is so, in docs/decisions/0013-key-rotation.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from contracts.settings import RESULTS_SETTINGS, Settings
from flows.progress import show_progress
from flows.resources import open_results
from flows.withheld import values_withheld
from serve.auditing.accesses import six_months_before
from serve.auditing.audit_keys import has_unmarked, keys_in_audit
from serve.published.person_hash import PersonHash, key_id_of, unknown_keys
from serve.publishing.generations import Generations
from serve.publishing.key_use import keys_in_redis
from stores import run_locks
from stores.erasure_requests import sealed_under
from stores.erasures import erased_hashes

Role = Literal["next", "current", "earlier", "not known"]


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One key, by its id: what this installation takes it for, and what names persons by it.

    ``redis`` are the runs, of ``in force`` and ``before``; ``auditoria`` says whether rows of the last six months do;
    ``apagamento`` is the number of hashes that keep erased persons out, and of requests of erasure that wait.
    """

    chave: str
    papel: Role
    redis: tuple[str, ...]
    auditoria: bool
    apagamento: int

    @property
    def is_needed(self) -> bool:
        """Return whether something would be lost without this key."""
        return bool(self.redis or self.auditoria or self.apagamento)

    def to_json(self) -> dict[str, Any]:
        """Return the use as it is printed."""
        return {**asdict(self), "redis": list(self.redis), "necessaria": self.is_needed}


@values_withheld
def rotate_key(settings: Settings) -> tuple[str, tuple[UUID, ...]]:
    """Write the run in force, and the one before it, anew under the newest key; return its id and those runs.

    Nothing is written that is under that key already. RunConflictError if a run or an erasure is under way; a run that
    is started meanwhile waits.
    """
    hashes = PersonHash.from_settings(settings.require(*RESULTS_SETTINGS))
    with show_progress() as progress, open_results(settings) as results, run_locks.erasure_lock(results.engine):
        return hashes.newest.key_id, results.publisher.rekey(progress)


@values_withheld
def key_uses(settings: Settings) -> tuple[KeyUse, ...]:
    """Return what names persons by which key, the newest known one first; those that are not known here come last."""
    hashes = PersonHash.from_settings(settings.require(*RESULTS_SETTINGS))
    with open_results(settings) as results:
        in_redis = keys_in_redis(Generations(results.cache, hashes), hashes)
        listed = [*erased_hashes(results.engine), *sealed_under(results.engine)]
        in_list = Counter(key_id_of(name) or hashes.oldest.key_id for name in listed)
        in_audit = _keys_in_audit(results.engine, hashes)
    known = [names.key_id for names in hashes.known]
    others = sorted({*in_redis.values(), *in_list, *in_audit} - set(known))
    return tuple(
        KeyUse(
            key_id,
            _role(hashes, key_id),
            tuple(name for name, used in in_redis.items() if used == key_id),
            key_id in in_audit,
            in_list[key_id],
        )
        for key_id in [*known, *others]
    )


def refuse_unknown(uses: tuple[KeyUse, ...]) -> None:
    """Raise SettingsError if persons are named by keys that are not known here."""
    unknown = {use.chave for use in uses if use.papel == "not known"}
    if unknown:
        raise unknown_keys(unknown)


def _keys_in_audit(results: sa.Engine, hashes: PersonHash) -> frozenset[str]:
    since = six_months_before(datetime.now(UTC))
    with results.connect() as connection:
        oldest = {hashes.oldest.key_id} if has_unmarked(connection, since=since) else set()
        return keys_in_audit(connection, since=since) | oldest


def _role(hashes: PersonHash, key_id: str) -> Role:
    places = [names.key_id for names in hashes.known]
    if key_id not in places:
        return "not known"
    place, current = places.index(key_id), places.index(hashes.key_id)
    return "current" if place == current else "earlier" if place > current else "next"
