"""Under which keys Redis names the persons of the run in force and of the one before it."""

from __future__ import annotations

from serve.published.person_hash import PersonHash
from serve.publishing.generations import Generations


def keys_in_redis(generations: Generations, hashes: PersonHash) -> dict[str, str]:
    """Return the key's id of the run ``in force`` and of the one ``before`` it, where Redis holds them."""
    pointer = generations.pointer()
    if pointer is None:
        return {}
    runs = {"in force": pointer.current} | ({} if pointer.previous is None else {"before": pointer.previous})
    infos = {name: generations.info(run_id) for name, run_id in runs.items()}
    return {name: info.key_id or hashes.oldest.key_id for name, info in infos.items() if info is not None}
