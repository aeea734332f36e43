"""Taking in again, on their request, a person who was erased: later runs read them like anybody else."""

from __future__ import annotations

from contracts.errors import ClientNotFoundError
from contracts.settings import RESULTS_SETTINGS, Settings
from flows.person_cpfs import base_a_of, cpfs_known
from flows.resources import open_lake, open_results
from flows.withheld import values_withheld
from serve.published.person_hash import PersonHash
from stores import erasures


@values_withheld
def readmit_client(settings: Settings, client_id: str) -> int:
    """Let later runs take a consumer in, whose id or CPF was erased; return how many entries of the list changed.

    The next run reads everything, for an earlier snapshot lacks the person. ClientNotFoundError if nobody of that id
    or CPF is kept out.
    """
    settings.require(*RESULTS_SETTINGS)
    hashes = PersonHash.from_settings(settings)
    with open_results(settings) as results, base_a_of(settings) as base_a:
        cpfs = cpfs_known(results.engine, open_lake(settings), base_a, client_id)
        hashed = [name for cpf in cpfs for name in hashes.all_by_cpf(cpf)]
        changed = erasures.readmit(results.engine, hashes.all_by_client(client_id), hashed)
    if not changed:
        raise ClientNotFoundError("nobody of that cliente_id, or of their CPF, is kept out")
    return changed
