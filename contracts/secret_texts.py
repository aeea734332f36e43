"""Secrets among the settings, one or a list of them: each long enough to be one, and none in an error's text."""

from __future__ import annotations

import json
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, SecretStr

MIN_SECRET_LENGTH = 32


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value().encode()) < MIN_SECRET_LENGTH:
        raise ValueError(f"at least {MIN_SECRET_LENGTH} bytes are needed")
    return secret


def _all_long_enough(secret: SecretStr) -> SecretStr:
    keys = listed_secrets(secret)
    short = [str(place) for place, key in enumerate(keys, 1) if len(key.encode()) < MIN_SECRET_LENGTH]
    if short:
        raise ValueError(f"key {', '.join(short)} of {len(keys)}: at least {MIN_SECRET_LENGTH} bytes are needed")
    return secret


def listed_secrets(secret: SecretStr) -> tuple[str, ...]:
    """Return the secrets of a list: apart by white space, or texts in JSON if one holds white space itself."""
    text = secret.get_secret_value()
    if not text.lstrip().startswith("["):
        return tuple(text.split())
    try:
        keys = json.loads(text)
    except ValueError:
        keys = None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError("begins like a list in JSON and is not one of texts")
    return tuple(keys)


Secret: TypeAlias = Annotated[SecretStr, AfterValidator(_long_enough)]
"""One secret."""
Secrets: TypeAlias = Annotated[SecretStr, AfterValidator(_all_long_enough)]
"""Any number of them, as `listed_secrets` reads them."""
