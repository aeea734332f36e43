"""The settings of an installation as Prefect hands them to its runs: secrets as blocks, the rest by the pool.

A secret's value goes into a block of type Secret, which Prefect keeps encrypted. What the work pool holds refers to it,
``{{ prefect.blocks.secret.escore-x }}``, and the worker puts the value in place when it starts a run. That stands in
the pool, not in a deployment, where ``prefect deploy`` would write the value itself (Prefect 3.8, cli/deploy/_core.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect.blocks.fields import SecretDict
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from contracts.settings import PREFIX, Settings, secret_fields

RUN_SECRETS = (
    "base_a_url",
    "base_b_url",
    "base_c_url",
    "results_url",
    "redis_url",
    "cache_key",
    "cache_key_next",
    "cache_keys_earlier",
)
"""What a run needs to know and nobody else may: no owner's login, none of the API's, no key of tokens."""

NOTICE_BLOCK = "escore-notice"
NOTICE_TYPE = "custom-webhook"
_SECRET_TYPE = "secret"  # noqa: S105 - the type of a block
_OWN_PATHS = ("var", "lake", "audit_dir")
_NOT_FOR_RUNS = frozenset({"prefect_api_url"})


def block_name(field: str) -> str:
    """Return the name of the block that holds a secret setting.

    >>> block_name("results_url")
    'escore-results-url'
    """
    return "escore-" + field.replace("_", "-")


def save_secrets(client: SyncPrefectClient, settings: Settings) -> tuple[str, ...]:
    """Lay the secrets that runs need in blocks, take out of Prefect those that are set no more; return the names."""
    saved = []
    for field in RUN_SECRETS:
        if getattr(settings, field) is None:
            _drop_block(client, block_name(field))
        else:
            Secret(value=SecretStr(settings.secret(field))).save(block_name(field), overwrite=True)
            saved.append(block_name(field))
    return tuple(saved)


def drop_secrets(client: SyncPrefectClient) -> None:
    """Take every secret of ours out of Prefect."""
    for field in RUN_SECRETS:
        _drop_block(client, block_name(field))


def save_notice(url: str) -> None:
    """Keep the address that notices are posted to, as JSON with a ``text``."""
    block = CustomWebhookNotificationBlock(
        name="escore",
        url="{{address}}",
        json_data={"text": "{{subject}}\n{{body}}"},
        headers=None,
        cookies=None,
        secrets=SecretDict({"address": url}),
    )
    block.save(NOTICE_BLOCK, overwrite=True)


def run_environment(settings: Settings, *, with_secrets: bool) -> dict[str, str]:
    """Return the environment of every run: the settings that are not the default ones, each by its variable's name.

    Paths are absolute, because a run has a working folder of its own.
    """
    secret = set(secret_fields())
    plain = sorted(settings.model_fields_set - secret - _NOT_FOR_RUNS | {"var"})
    found = {name: _as_text(name, getattr(settings, name)) for name in plain if getattr(settings, name) is not None}
    if with_secrets:
        names = [name for name in RUN_SECRETS if getattr(settings, name) is not None]
        found |= {name: f"{{{{ prefect.blocks.{_SECRET_TYPE}.{block_name(name)} }}}}" for name in names}
    environment = {PREFIX + name.upper(): text for name, text in found.items()}
    return environment | {
        "DO_NOT_TRACK": "1",
        "MPLCONFIGDIR": str((settings.var / "matplotlib").resolve()),
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    }


def _drop_block(client: SyncPrefectClient, name: str) -> None:
    try:
        found = client.read_block_document_by_name(name, _SECRET_TYPE)
    except ObjectNotFound:
        return
    client.delete_block_document(found.id)


def _as_text(name: str, value: Any) -> str:
    if name in _OWN_PATHS and "://" not in str(value):
        return str(Path(value).resolve())
    return str(value)
