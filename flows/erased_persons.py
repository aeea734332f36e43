"""The erased persons, as extraction is given them; nobody in an installation that keeps no results."""

from __future__ import annotations

import sqlalchemy as sa

from contracts.settings import Settings
from extract.erased import EarlierHashes, Erased
from flows.databases import reached_engine
from serve.published.person_hash import PersonHash, key_id_of
from stores.erasures import erased_hashes, mark_unmarked, rename_hashes


def erased_persons(settings: Settings) -> Erased | None:
    """Return who must not be taken over; None if nobody was erased, or there are no results to say so.

    Raises StoreUnavailableError: whoever cannot be asked about may have been erased; and SettingsError where somebody
    was erased under a key that is not known here: nobody would recognise them.
    """
    if settings.results_url is None or settings.cache_key is None:
        return None
    names = PersonHash.from_settings(settings)
    with reached_engine(settings, "results_url") as results:
        hashes = _read_list(results, names)
    if not hashes:
        return None
    keys = {key_id_of(text) for text in hashes}
    names.check_known(keys)
    others = [names.under(key_id) for key_id in sorted(key for key in keys if key and key != names.key_id)]
    earlier = tuple(EarlierHashes(other.subject_by_cpf, other.subject_by_client) for other in others)
    return Erased(hashes, names.subject_by_cpf, names.subject_by_client, earlier)


def keep_renamed(settings: Settings, erased: Erased | None) -> None:
    """Enter under the current key the erased persons whom extraction met, and whom the list knew by an earlier one."""
    if erased is not None and erased.renamed:
        with reached_engine(settings, "results_url") as results:
            rename_hashes(results, erased.renamed)


def _read_list(engine: sa.Engine, names: PersonHash) -> frozenset[str]:
    hashes = erased_hashes(engine)
    if any(key_id_of(text) is None for text in hashes):
        mark_unmarked(engine, names.oldest.key_id)
        hashes = erased_hashes(engine)
    return hashes
