"""Fills logins into the addresses that a template sets, before the engine reads its settings.

``LOGIN_X`` is the secret of a login, a JSON document with ``username`` and ``password``: they take the places of
``{username}`` and ``{password}`` in ``X``. ``CACHE_KEYS`` is the secret of the keys of persons' names, a JSON document
with ``current``, ``next`` and ``earlier``, of which the last two may be empty. Either variable holds the secret itself,
where the platform fetched it (Elastic Beanstalk, ECS), or its ARN, where the program does (Lambda).
``{certs}`` in any variable is the folder of the certificates of RDS and DocumentDB, beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, MutableMapping
from pathlib import Path
from urllib.parse import quote

CERTIFICATES = Path(__file__).parent / "certs"
LOGIN = "LOGIN_"
CACHE_KEYS = "CACHE_KEYS"
KEYS = {"current": "SCORE_CACHE_KEY", "next": "SCORE_CACHE_KEY_NEXT", "earlier": "SCORE_CACHE_KEYS_EARLIER"}
ARN = "arn:"


def fill(environment: MutableMapping[str, str], fetch: Callable[[str], str] | None = None) -> None:
    """Fill the logins into the addresses and take them out; KeyError names a login without its address."""
    for name in [name for name in environment if name.startswith(LOGIN) or name == CACHE_KEYS]:
        value = environment.pop(name)
        if value.startswith(ARN) and fetch is not None:
            value = fetch(value)
        if name == CACHE_KEYS:
            keys = json.loads(value)
            environment |= {KEYS[which]: key for which, key in keys.items() if key}
        else:
            target = name.removeprefix(LOGIN)
            environment[target] = with_login(environment[target], value)
    for name, value in list(environment.items()):
        if "{certs}" in value:
            environment[name] = value.replace("{certs}", quote(str(CERTIFICATES), safe="/"))


def fetch_secret(arn: str) -> str:
    """Return a secret's text from Secrets Manager, by the SDK that Lambda's runtime has."""
    import boto3  # noqa: PLC0415 - only a function without the platform's own fetching needs it

    text: str = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return text


def with_login(address: str, secret: str) -> str:
    """Return an address with the login of a secret in it."""
    login = json.loads(secret)
    for name in ("username", "password"):
        address = address.replace(f"{{{name}}}", quote(login[name], safe=""))
    return address
