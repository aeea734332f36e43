"""Taking in again, on their request, a person who was erased: later runs read them like anybody else."""

from __future__ import annotations

from contracts.errors import ClientNotFoundError
from contracts.settings import Settings
from flows.person_cpfs import base_a_of, cpfs_known
from flows.resources import open_lake, open_results
from flows.withheld import values_withheld
from serve.published.person_hash import PersonHash
from stores import erasures

READMIT_SETTINGS = ("results_url", "redis_url", "cache_key")


@values_withheld
def readmit_client(settings: Settings, client_id: str) -> int:
    """Let later runs take a consumer in, whose id or CPF was erased; return how many entries of the list changed.

    The next run reads everything, for an earlier snapshot lacks the person. ClientNotFoundError if nobody of that id
    or CPF is kept out.
    """
    settings.require(*READMIT_SETTINGS)
    hashes = PersonHash(settings.secret("cache_key").encode())
    with open_results(settings) as results, base_a_of(settings) as base_a:
        cpfs = cpfs_known(results.engine, open_lake(settings), base_a, client_id)
        hashed = [hashes.subject_by_cpf(cpf) for cpf in cpfs]
        changed = erasures.readmit(results.engine, hashes.subject_by_client(client_id), hashed)
    if not changed:
        raise ClientNotFoundError("nobody of that cliente_id, or of their CPF, is kept out")
    return changed
