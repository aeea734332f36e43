"""Bringing a Prefect server, Prefect Cloud or one's own, to the state that the repository declares; safe to repeat.

Order: secrets in blocks, the work pool that refers to them, the deployments of ``prefect.yaml``, then the automations,
which name deployments. Nothing of a person goes there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from prefect.client.orchestration import get_client

from contracts.errors import SettingsError, StoreUnavailableError
from contracts.settings import RUN_SETTINGS, Settings
from flows import prefect_blocks
from flows.prefect_automations import apply_automations, read_automations
from flows.prefect_pool import set_up_pool
from serve.api.version import VERSION

DEPLOYMENTS_FILE = Path("prefect.yaml")
AUTOMATIONS_FILE = Path("deploy/prefect/automations.yaml")
VERSION_VARIABLE = "ESCORE_VERSION"
DEPLOY_SECONDS = 900


@dataclass(frozen=True, slots=True)
class SetupOutcome:
    """What a set-up left on the server: names of blocks, the environment's variables, automations by what was done."""

    blocks: tuple[str, ...]
    variables: tuple[str, ...]
    automations: dict[str, str]


def set_up(settings: Settings, *, root: Path, notice_url: str | None = None, with_blocks: bool = True) -> SetupOutcome:
    """Lay blocks, pool, deployments and automations; SettingsError if a file or a setting that runs need is missing.

    ``with_blocks`` False keeps every secret out of Prefect: the worker's own environment then has them.
    """
    declared = read_automations(root / AUTOMATIONS_FILE)
    if with_blocks:
        settings.require(*RUN_SETTINGS)
    environment = prefect_blocks.run_environment(settings, with_secrets=with_blocks)
    with get_client(sync_client=True) as client:
        blocks: tuple[str, ...] = ()
        if with_blocks:
            blocks = prefect_blocks.save_secrets(client, settings)
        else:
            prefect_blocks.drop_secrets(client)
        if notice_url is not None:
            prefect_blocks.save_notice(notice_url)
        set_up_pool(client, environment)
        deploy_all(root)
        done = apply_automations(client, declared)
    return SetupOutcome(blocks, tuple(sorted(environment)), done)


def deploy_all(root: Path) -> None:
    """Deploy what ``prefect.yaml`` declares, as ``prefect deploy --all`` does; SettingsError tells why it did not."""
    if not (root / DEPLOYMENTS_FILE).is_file():
        raise SettingsError([f"{root / DEPLOYMENTS_FILE}: not there; set up from the repository's root, or name it"])
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and fixed words
            command,
            cwd=root,
            env=os.environ | {VERSION_VARIABLE: VERSION},
            capture_output=True,
            text=True,
            timeout=DEPLOY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StoreUnavailableError("prefect deploy did not end in fifteen minutes") from None
    if done.returncode or "Skipping" in done.stdout:
        raise SettingsError([line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-20:])
