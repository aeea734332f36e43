"""Automations as a committed file: read, completed with this server's ids, applied until the server has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound

from contracts.documents import reading_document
from contracts.errors import SettingsError
from flows.prefect_blocks import NOTICE_TYPE

OWN_PREFIX = "escore: "
"""How the names of our automations begin; others of the same server are left alone."""

_NOTHING: Mapping[str, Any] = {"type": "do-nothing"}


def read_automations(path: Path) -> list[dict[str, Any]]:
    """Return the declared automations; SettingsError if the file is not there or names one that is not ours."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read ({error.strerror})"]) from None
    with reading_document(str(path)):
        declared: list[dict[str, Any]] = yaml.safe_load(text)["automations"]
        foreign = [str(one["name"]) for one in declared if not str(one["name"]).startswith(OWN_PREFIX)]
    if foreign:
        raise SettingsError([f"{path}: {name}: names begin with {OWN_PREFIX!r}" for name in foreign])
    return declared


def apply_automations(client: SyncPrefectClient, declared: list[dict[str, Any]]) -> dict[str, str]:
    """Create, change and delete automations of ours until the server has the declared ones; return what was done."""
    wanted = {one["name"]: AutomationCore.model_validate(completed(client, one)) for one in declared}
    done = {}
    for found in _own(client):
        if found.name not in wanted:
            client.delete_automation(found.id)
            done[found.name] = "deleted"
        elif found.name in done:  # a second one of the same name
            client.delete_automation(found.id)
        else:
            client.update_automation(found.id, wanted[found.name])
            done[found.name] = "updated"
    for name, automation in wanted.items():
        if name not in done:
            client.create_automation(automation)
            done[name] = "created"
    return done


def _own(client: SyncPrefectClient) -> list[Any]:
    return [one for one in client.read_automations() if one.name.startswith(OWN_PREFIX)]


def completed(client: SyncPrefectClient, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return a declared automation with this server's ids; SettingsError names a deployment that is not there."""
    trigger = dict(declared["trigger"])
    if "match_related" in trigger:
        trigger["match_related"] = _related(client, dict(trigger["match_related"]))
    return {
        **declared,
        "trigger": trigger,
        "actions": [_action(client, dict(action)) for action in declared["actions"]],
    }


def _related(client: SyncPrefectClient, labels: dict[str, Any]) -> dict[str, Any]:
    """Return labels with the ids of deployments in the place of their names: names are not ours alone."""
    if named := labels.pop("deployment", None):
        ids = [_deployment_id(client, name) for name in ([named] if isinstance(named, str) else named)]
        labels["prefect.resource.id"] = [f"prefect.deployment.{one}" for one in ids]
        labels["prefect.resource.role"] = "deployment"
    return labels


def _action(client: SyncPrefectClient, action: dict[str, Any]) -> Mapping[str, Any]:
    """Return an action with ids in the place of names; a notice that has no address does nothing."""
    if name := action.pop("deployment", None):
        action["deployment_id"] = _deployment_id(client, name)
    if name := action.pop("block", None):
        block_id = _block_id(client, name)
        if block_id is None:
            return _NOTHING
        action["block_document_id"] = block_id
    return action


def _deployment_id(client: SyncPrefectClient, name: str) -> UUID:
    try:
        return client.read_deployment_by_name(name).id
    except ObjectNotFound:
        raise SettingsError([f"automations: there is no deployment {name}"]) from None


def _block_id(client: SyncPrefectClient, name: str) -> UUID | None:
    try:
        return client.read_block_document_by_name(name, NOTICE_TYPE).id
    except ObjectNotFound:
        return None
