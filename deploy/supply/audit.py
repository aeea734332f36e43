"""Asks which locked versions have known faults: ``python -m deploy.supply.audit`` (``make audit``); needs the network.

pip-audit asks the package index (``--service pypi``) or OSV (``osv``). It calls a lock clean of which the service knew
nothing at all; here whatever was not answered fails, by name.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.supply.image_packages import REQUIREMENTS, ROOT
from deploy.supply.lock_file import LOCK

SERVICES = ("pypi", "osv")
CLEAN, FAULTS, NOT_ASKED = 0, 1, 3
"""Exit codes: nothing known, something known, and no answer (the code of a store that does not answer)."""
_SHOWN = 5


def ask(lock: Path, service: str) -> str:
    """Return what pip-audit printed for one lock, nothing if the service did not answer."""
    words = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--disable-pip"),
        *("--format", "json", "--progress-spinner", "off", "--vulnerability-service", service),
    ]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own words


def judge(answer: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines to print for pip-audit's JSON; no JSON is no answer.

    >>> judge('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}')
    (0, ['1 asked, no known fault'])
    >>> judge("")
    (3, ['not audited: the service gave no answer'])
    """
    try:
        found: Sequence[Mapping[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        return NOT_ASKED, ["not audited: the service gave no answer"]
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none'}"
        for package in found
        for fault in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in found if "skip_reason" in package]
    if skipped or not found:
        named = ", ".join(skipped[:_SHOWN]) + (", ..." if len(skipped) > _SHOWN else "")
        faults.append(f"not audited: the service knows nothing of {len(skipped)} of {len(found)}: {named}")
        return (FAULTS if len(faults) > 1 else NOT_ASKED), faults
    return (FAULTS, faults) if faults else (CLEAN, [f"{len(found)} asked, no known fault"])


def main() -> None:
    """Audit the lock, as this Python installs it, and what the image installs; exit with the worst code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.supply.audit", description="Ask for known faults.")
    parser.add_argument("--service", choices=SERVICES, default=SERVICES[0])
    parser.add_argument("locks", type=Path, nargs="*", default=[LOCK, REQUIREMENTS])
    given = parser.parse_args()
    codes = []
    for lock in given.locks:
        code, lines = judge(ask(lock, given.service))
        codes.append(code)
        name = lock.relative_to(ROOT) if lock.is_relative_to(ROOT) else lock
        print("\n".join(f"{name}: {line}" for line in lines))  # noqa: T201 - what the command is for
    sys.exit(FAULTS if FAULTS in codes else max(codes))


if __name__ == "__main__":
    main()
