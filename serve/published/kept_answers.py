"""Where in Redis the API keeps what it read of a consumer from Base B: for those who read it and those who erase it."""

from __future__ import annotations

from serve.published.person_hash import FIELD_BYTES, PAD_BYTES, PersonHash

SCORE_DATA_PREFIX = "escore:dados:"
LEASE_ENDING = ":leitura"
"""Ends the key under which a reading that is under way is known; without it the reading is not kept."""

_KEY_BYTES = slice(FIELD_BYTES.start, PAD_BYTES.start + 8)


def score_data_key(hashes: PersonHash, client_id: str) -> str:
    """Return the key of a consumer's ``score-data``."""
    return SCORE_DATA_PREFIX + hashes.of_client(client_id)[_KEY_BYTES].hex()
