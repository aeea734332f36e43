"""Erasure of a person at their request (LGPD art. 18 VI): out of lake, results, cache and future training, and proved.

Order: the person goes on the list that keeps them out of every run from then on; then results, Redis, lake; then all
places are searched again, and only if nothing is found is the erasure entered as done. Each step may be repeated,
so one that was killed is completed by calling it again. No run and no other erasure works at the same time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.artifacts import ArtifactStore
from contracts.cpf_number import CPF_LENGTH
from contracts.documents import reading_document
from contracts.errors import ClientNotFoundError, DataIntegrityError
from contracts.settings import RESULTS_SETTINGS, Settings
from flows.erase_lake import Person, count_in_lake, erase_from_lake
from flows.person_cpfs import base_a_of, cpfs_known, cpfs_of_others, names_a_person
from flows.resources import Results, open_lake, open_results
from flows.withheld import values_withheld
from serve.published.person_hash import PersonHash, derive_key, key_id_of
from serve.publishing import erasure
from stores import erasures, ledger, run_locks


@dataclass(frozen=True, slots=True)
class ErasureProof:
    """What an erasure leaves behind: no personal data, only a keyed hash, what was removed by place, and when."""

    titular: str
    removed: dict[str, int]
    found_after: int
    done_at: datetime

    def to_json(self) -> dict[str, Any]:
        """Return the proof as it is printed."""
        return {
            "titular": self.titular,
            "removidos": self.removed,
            "encontrados_depois": self.found_after,
            "concluido_em": self.done_at.isoformat(),
        }


@values_withheld
def erase_client(settings: Settings, client_id: str) -> ErasureProof:
    """Remove a consumer from everything that the engine keeps, search everything again, and enter that it is done.

    Raises
    ------
    ClientNotFoundError
        Nothing is known of such a consumer, and none was erased.
    RunConflictError
        A run or another erasure is under way; the person is on the list already, and the rest is done by calling again.
    DataIntegrityError
        Something of the person was found after all; calling again goes on.
    """
    settings.require(*RESULTS_SETTINGS)
    hashes, lake = PersonHash.from_settings(settings), open_lake(settings)
    titular = hashes.subject_by_client(client_id)
    with open_results(settings) as results:
        before = erasures.find_erasure(results.engine, *hashes.all_by_client(client_id))
        cpfs = _cpfs_of(settings, results, lake, client_id, sealed=_sealed_cpfs(before, hashes, client_id))
        if cpfs is None and before is None:
            raise ClientNotFoundError("neither lake, results nor Base A know a consumer with that cliente_id")
        person = Person(client_id, cpfs or frozenset())
        hashed = [hashes.subject_by_cpf(cpf) for cpf in person.cpfs]
        sealed = _seal(person.cpfs, hashes.secret, client_id)
        erasures.begin_erasure(results.engine, titular, hashed, sealed, renamed=_renamed(hashes, person))
        with run_locks.erasure_lock(results.engine):
            removed = _remove(results, lake, hashes, person)
            found = _search(results, lake, hashes, person)
        if found:
            raise DataIntegrityError(f"{found} records of the person were found after the erasure: call it again")
        erasures.finish_erasure(results.engine, titular, _added(before, removed))
        done = erasures.find_erasure(results.engine, titular)
    assert done is not None
    assert done.concluido_em is not None
    return ErasureProof(titular, removed, found, done.concluido_em)


def _cpfs_of(
    settings: Settings, results: Results, lake: ArtifactStore, client_id: str, *, sealed: frozenset[str]
) -> frozenset[str] | None:
    """Return the CPFs that name this person and nobody else; None if the consumer is not known anywhere."""
    with base_a_of(settings) as base_a:
        known = cpfs_known(results.engine, lake, base_a, client_id) | sealed
        if not known:
            return None
        named = frozenset(cpf for cpf in known if names_a_person(cpf))
        return named - cpfs_of_others(results.engine, base_a, client_id, named)


def _remove(results: Results, lake: ArtifactStore, hashes: PersonHash, person: Person) -> dict[str, int]:
    """Remove the person, PostgreSQL first: Redis is filled from it whenever they differ."""
    removed = erasure.erase_rows(results.engine, person.client_id, person.cpfs, keys=person.keys)
    removed["redis"] = erasure.erase_records(results.cache, hashes, person.client_id, person.cpfs)
    runs = ledger.list_runs(results.engine)
    kept = {str(run.id) for run in runs if run.situacao in ledger.PUBLISHED}
    return removed | erase_from_lake(lake, person, kept)


def _search(results: Results, lake: ArtifactStore, hashes: PersonHash, person: Person) -> int:
    return (
        erasure.count_person(results.engine, person.client_id, person.cpfs, keys=person.keys)
        + erasure.count_records(results.cache, hashes, person.client_id, person.cpfs)
        + count_in_lake(lake, person)
    )


def _added(before: erasures.Erasure | None, removed: dict[str, int]) -> dict[str, int]:
    """Return what was removed in all, by this erasure and by earlier ones of the same person."""
    earlier = (before.contagens if before is not None else None) or {}
    return {place: number + int(earlier.get(place, 0)) for place, number in removed.items()}


def _renamed(hashes: PersonHash, person: Person) -> dict[str, str]:
    """Return the person's hash under the current key for each that the list may know them by."""
    titular = hashes.subject_by_client(person.client_id)
    renamed = dict.fromkeys(hashes.all_by_client(person.client_id), titular)
    renamed |= {name: hashes.subject_by_cpf(cpf) for cpf in person.cpfs for name in hashes.all_by_cpf(cpf)}
    return {old: new for old, new in renamed.items() if old != new}


def _seal(cpfs: frozenset[str], key: bytes, client_id: str) -> bytes:
    plain = "".join(sorted(cpfs)).encode()
    return bytes(a ^ b for a, b in zip(plain, _pad(key, client_id, len(plain)), strict=True))


def _sealed_cpfs(before: erasures.Erasure | None, hashes: PersonHash, client_id: str) -> frozenset[str]:
    """Return the CPFs of an erasure that was begun and not ended."""
    if before is None or before.cpfs_selados is None:
        return frozenset()
    sealed, key = before.cpfs_selados, hashes.under(key_id_of(before.titular)).secret
    with reading_document("the CPFs of an erasure that was begun"):
        plain = bytes(a ^ b for a, b in zip(sealed, _pad(key, client_id, len(sealed)), strict=True)).decode("ascii")
    return frozenset(plain[i : i + CPF_LENGTH] for i in range(0, len(plain), CPF_LENGTH))


def _pad(key: bytes, client_id: str, length: int) -> bytes:
    return hashlib.shake_256(derive_key(key, "escore-apagar") + client_id.encode()).digest(length)
