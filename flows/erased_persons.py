"""The erased persons, as extraction is given them; nobody in an installation that keeps no results."""

from __future__ import annotations

from contracts.settings import Settings
from extract.erased import Erased
from serve.published.person_hash import PersonHash
from stores.connections import reaching, sql_engine
from stores.erasures import erased_hashes


def erased_persons(settings: Settings) -> Erased | None:
    """Return who must not be taken over; None if nobody was erased, or there are no results to say so.

    Raises StoreUnavailableError: whoever cannot be asked about may have been erased.
    """
    if settings.results_url is None or settings.cache_key is None:
        return None
    url = settings.secret("results_url")
    engine = sql_engine(url, timeout=settings.store_timeout_seconds)
    try:
        with reaching(url):
            hashes = erased_hashes(engine)
    finally:
        engine.dispose()
    names = PersonHash(settings.secret("cache_key").encode())
    return Erased(hashes, names.subject_by_cpf, names.subject_by_client) if hashes else None
