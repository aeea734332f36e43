"""What the peers read: one plain Redis key a consumer, whose value is the answer's JSON text, ready to be sent."""

from __future__ import annotations

import os

import redis

PREFIX = "pares:score:"
REDIS_URL = os.environ.get("PARES_REDIS_URL", "")
"""Handed to the peers' processes by whoever starts them; a password does not belong on a command line."""

BATCH = 5_000


def key_of(client_id: str) -> str:
    """Return the key of a consumer's score."""
    return PREFIX + client_id


def write_texts(cache: redis.Redis, texts: dict[str, str]) -> None:
    """Write the JSON text of each consumer's score."""
    items = list(texts.items())
    for start in range(0, len(items), BATCH):
        cache.mset({key_of(client_id): text for client_id, text in items[start : start + BATCH]})
